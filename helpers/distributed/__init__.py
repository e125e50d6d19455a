"""Several processes with MXNet's parameter server: which runs where, and the launcher. Workers: the module worker.

Chapter 7.
"""

from helpers.distributed.launcher import announcement, launch
from helpers.distributed.nodes import Node, plan, read_hostfile

__all__ = ["Node", "announcement", "launch", "plan", "read_hostfile"]
