(() => {
  "use strict";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const views = () => Object.values(window.Bokeh?.index ?? {});
  const plots = () => window.Bokeh ? window.Bokeh.documents.flatMap((doc) => doc.roots()) : [];

  // Text and grid follow the page's theme; the colours of the data keep their meaning.
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const [ink, rule] = ["--muted", "--rule"].map((name) => style.getPropertyValue(name).trim());
    for (const plot of plots()) {
      const [below] = plot.below;
      if (below.name === "percentiles") {
        // On a phone there is no room for both 0 % and 50 %.
        below.major_label_overrides = new Map([...below.major_label_overrides, [0, innerWidth < 500 ? " " : "0 %"]]);
      }
      for (const axis of [...plot.below, ...plot.left]) {
        Object.assign(axis, { major_label_text_color: ink, axis_label_text_color: ink, major_tick_line_color: rule });
      }
      for (const item of plot.center) {
        if ("grid_line_color" in item && item.dimension === 1) item.grid_line_color = rule;
        if (item.name === "event") item.text_color = ink;
      }
    }
  };

  const plotOf = (name) => {
    const element = document.querySelector(`.chart[data-chart="${name}"] [data-root-id]`);
    return element ? plots().find((plot) => plot.id === element.dataset.rootId) : undefined;
  };

  const wireLegend = () => {
    for (const box of document.querySelectorAll(".legend input")) {
      box.addEventListener("change", () => {
        for (const line of plotOf(box.dataset.chart)?.renderers ?? []) {
          if (line.name === box.dataset.line) line.visible = box.checked;
        }
      });
    }
  };

  // One window of time for all charts over time; they share their range.
  const wireWindow = () => {
    const form = document.getElementById("window");
    const range = plots().map((plot) => plot.x_range).find((x) => x.name === "time");
    if (!form || !range) return;
    const length = range.end;
    const clock = (ms) => {
      const s = Math.round(ms / 1000);
      const rest = [Math.floor(s / 60) % 60, s % 60].map((part) => String(part).padStart(2, "0"));
      return (s >= 3600 ? [Math.floor(s / 3600), ...rest] : rest).join(":");
    };
    const [from, to] = [form.elements.from, form.elements.to];
    const show = (event) => {
      if (Number(to.value) - Number(from.value) < 5) {
        if (event?.target === from) from.value = Number(to.value) - 5;
        else to.value = Number(from.value) + 5;
      }
      range.setv({ start: (length * from.value) / 1000, end: (length * to.value) / 1000 });
      const said = `${clock(range.start)} to ${clock(range.end)}`;
      form.querySelector("output").textContent = said;
      for (const slider of [from, to]) slider.setAttribute("aria-valuetext", said);
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  };

  for (const button of document.querySelectorAll(".more")) {
    const part = button.parentElement;
    const words = button.textContent;
    part.classList.add("is-short");
    button.addEventListener("click", () => {
      const isShort = part.classList.toggle("is-short");
      button.setAttribute("aria-expanded", String(!isShort));
      button.textContent = isShort ? words : "show fewer";
    });
  }

  const start = (tries) => {
    if (!window.Bokeh) return;
    const expected = document.querySelectorAll(".chart").length;
    if (views().length < expected && tries) {
      setTimeout(start, 50, tries - 1);
      return;
    }
    paint();
    wireLegend();
    wireWindow();
    dark.addEventListener("change", paint);
    addEventListener("beforeprint", paint);
    addEventListener("afterprint", paint);
    document.documentElement.dataset.charts = "ready";
  };
  start(200);
})();
