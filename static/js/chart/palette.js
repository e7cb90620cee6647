// The chart's colours, read from the style sheet: it is their one home.

const NAMES = {
  actual: "--actual",
  expected: "--expected",
  band: "--band",
  anomaly: "--anomaly",
  dotEdge: "--dot-edge",
  event: "--event",
  label: "--label",
  grid: "--grid",
  edge: "--edge",
  quiet: "--quiet",
  other: "--other",
  marked: "--marked",
  fine: "--fine",
  surface: "--surface",
  text: "--text",
};

/** {name: a colour that a canvas understands} in the theme now in force, or in the light one. */
export function colours(light = false) {
  const probe = document.createElement("span");
  probe.hidden = true;
  if (light) probe.style.colorScheme = "light";
  document.body.append(probe);
  const found = {};
  for (const [name, variable] of Object.entries(NAMES)) {
    probe.style.color = `var(${variable})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}
