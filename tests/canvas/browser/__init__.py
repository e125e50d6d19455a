"""Tests in a real browser. This file makes the folder a package: its fixtures end with its last test."""
