// The chart's colours, read from the style sheet: it is their one home.

const NAMES = {
  actual: "--actual", expected: "--expected", band: "--band", anomaly: "--anomaly", dotEdge: "--dot-edge",
  event: "--event", label: "--label", grid: "--grid", edge: "--edge", quiet: "--quiet",
};

/** {name: a colour that a canvas understands} in the theme now in force. */
export function colours() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = {};
  for (const [name, variable] of Object.entries(NAMES)) {
    probe.style.color = `var(${variable})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}
