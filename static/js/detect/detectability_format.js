// The words of a planted fault's size and delay.
import { counted, duration, rough } from "../ui/format.js";

/** "8 ×", "0.5 cycles": a size as the table and the chart write it. */
export function sizeWords(size, unit) {
  return unit === "cycles" ? counted(size, "cycle") : `${rough(size)} ×`;
}

/** "at once", "3 points (15 min)", "–" where nothing was caught. */
export function delayWords({ detected, delay_points: points, delay_seconds: seconds }) {
  if (!detected) return "–";
  if (!points) return "at once";
  const words = `${rough(points)} ${points === 1 ? "point" : "points"}`;
  return Number.isFinite(seconds) ? `${words} (${duration(1000 * seconds)})` : words;
}

/** The size that a row of the table speaks of: the smallest that is caught, or the largest tried. */
export function toldSize({ smallest, sizes }) {
  return sizes.find(({ size }) => size === smallest) ?? sizes.at(-1);
}
