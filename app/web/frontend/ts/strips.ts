// Strips of links that scroll sideways on a narrow screen begin at the one that is current.
import { all } from "./page";

for (const current of all(".section-nav [aria-current], .tabs [aria-current], .views [aria-current]")) {
  const strip = current.closest("nav");
  if (!strip) continue;
  const [here, whole] = [current.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += here.left - whole.left - (whole.width - here.width) / 2;
}
