// A visit ends in two ways: the page is closed, and its place is free at once; or nobody draws, the server gives the place
// away, and the page says so.
{
  const { baseUrl, kernelId } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
  const notice = document.getElementById("notice");
  let over = false;

  const say = (text) => {
    const again = document.createElement("a");
    again.href = "";
    again.textContent = "Start again";
    notice.replaceChildren(`${text} `, again, ".");
    notice.hidden = false;
  };

  const look = async () => {
    try {
      const answer = await fetch(`${baseUrl}api/kernels/${kernelId}`, { cache: "no-store" });
      over = answer.status === 404;
      const lost = document.querySelector('.digit-canvas[data-state="lost"]');
      if (over) say("Nobody drew here for a while, or the drawing took too much memory, so the place was freed for others.");
      else if (lost) say("What reads the digits here has stopped.");
      else if (answer.ok) notice.hidden = true;
      if (over) clearInterval(looking);
    } catch {
      say("The server does not answer.");
    }
  };
  const looking = setInterval(look, 5_000);

  addEventListener("pageshow", look);
  addEventListener("pagehide", () => over || navigator.sendBeacon(`${baseUrl}voila/api/shutdown/${kernelId}`));
}
