// The colours of the chart, read from the style sheet.

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
  abnormal: "--label-abnormal",
  normal: "--label-normal",
  surface: "--surface",
  text: "--text",
};

/** {name: a colour that a canvas understands} in the theme now in force, or in the light one. */
export function colours(light = false) {
  const probe = document.createElement("span");
  probe.hidden = true;
  if (light) probe.style.colorScheme = "light";
  document.body.append(probe);
  const colour = {};
  for (const [name, variable] of Object.entries(NAMES)) {
    probe.style.color = `var(${variable})`;
    colour[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colour;
}
