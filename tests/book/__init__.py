"""Tests of the book and the slides. This file makes the folder a package: its fixtures end with its last test."""
