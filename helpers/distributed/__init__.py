"""Several processes with MXNet's parameter server: which one runs where, and the launcher that watches over them.

What a worker needs is in the module `worker` and not handed out here: it imports MXNet, and in a scheduler or server
that import serves until the job ends.

Chapter 8 and the command line.
"""

from helpers.distributed.launcher import announcement, launch
from helpers.distributed.nodes import Node, plan, read_hostfile

__all__ = ["Node", "announcement", "launch", "plan", "read_hostfile"]
