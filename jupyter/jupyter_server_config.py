"""The settings of every Jupyter server that runs with this folder in JUPYTER_CONFIG_PATH, as `make lab` does."""

c = get_config()  # noqa: F821

c.ServerApp.kernel_websocket_connection_class = "helpers.base.server.PromptConnection"
