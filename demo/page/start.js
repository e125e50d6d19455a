{
  // The style sheets follow the browser's theme by themselves; JupyterLab's widgets ask the body for it.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => {
    document.body.dataset.jpThemeLight = String(!dark.matches);
    document.body.dataset.jpThemeName = dark.matches ? "JupyterLab Dark" : "JupyterLab Light";
  };
  dark.addEventListener("change", tell);
  tell();

  // What Voila calls while it runs the cells, and when it and the cells are done, whichever comes last.
  window.voila_process = () => {};
  window.voila_heartbeat = () => {};
  window.voila_finish = () => {
    window.cellLoaded = true;
    if (!window.themeLoaded) return;
    document.getElementById("loading").remove();
    document.getElementById("rendered_cells").style.display = "";
    document.getElementById("main")?.setAttribute("role", "main");
  };
}
