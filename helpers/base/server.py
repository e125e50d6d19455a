"""How the Jupyter servers of this project talk to a browser: without waiting.

jupyter/jupyter_server_config.py names it for `make lab`, and the demo for its own server.

Serves JupyterLab and the demo.
"""

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's websocket whose messages leave at once.

    Tornado leaves Nagle's algorithm on, which holds a small packet back until the last one is acknowledged; browsers
    acknowledge late. A kernel answers one drawing with several small messages, so each answer came about 40 ms late.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()
