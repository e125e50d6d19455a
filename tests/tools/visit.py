"""A visitor of the demo without a browser: what its page does, by HTTP and on the kernel's websocket."""

import re
import urllib.error
import urllib.request

from tests.tools.kernel_socket import KernelSocket, kernel_socket

SEVEN = [[[0.3, 0.2], [0.7, 0.2], [0.55, 0.5], [0.45, 0.8]]]
STEPS = {"fit": True, "centre": True, "ink": True, "resize": False}


class Visit:
    """One visitor's page: its HTML and what stands in it."""

    def __init__(self, port: int):
        self.port = port
        self.html = get(f"http://127.0.0.1:{port}/")
        self.kernel = re.search(r'"kernelId": "([\w-]+)"', self.html)[1]
        self.canvas = re.search(r'widget-view\+json": {"model_id": "(\w+)"', self.html)[1]

    def socket(self):
        return kernel_socket(self.port, self.kernel)

    def close(self):
        """What the page's beacon does."""
        get(f"http://127.0.0.1:{self.port}/voila/api/shutdown/{self.kernel}", data=b"")

    def is_over(self) -> bool:
        """What its visit.js asks."""
        try:
            get(f"http://127.0.0.1:{self.port}/api/kernels/{self.kernel}")
        except urllib.error.HTTPError as error:
            return error.code == 404
        return False

    async def draw(self, kernel: KernelSocket, strokes: list, seq: int = 1) -> dict:
        """The result that the canvas sends for the drawing of that number."""
        drawing = {"seq": seq, "strokes": strokes, "pen": 0.06, "steps": STEPS, "inside": False}
        await self.send(kernel, drawing)
        answer = await kernel.receive(lambda message: (result_in(message) or {}).get("seq") == seq)
        return result_in(answer)

    async def send(self, kernel: KernelSocket, drawing: object) -> str:
        """Send what may be a drawing as the page sends one."""
        data = {"method": "update", "state": {"drawing": drawing}, "buffer_paths": []}
        return await kernel.send("comm_msg", comm_id=self.canvas, data=data)


def result_in(message: dict) -> dict | None:
    """The canvas's result in a message, or None."""
    data = message["content"].get("data", {})
    return data.get("state", {}).get("result") if isinstance(data, dict) else None


def get(url: str, data: bytes | None = None) -> str:
    """As a browser that has been here before."""
    request = urllib.request.Request(url, data=data, headers={"Cookie": "digits=1"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.read().decode()
