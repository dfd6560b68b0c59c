// Every plot as a picture to keep: with its title, what it is of, and a mark on data that are not of the detector.

import { element } from "../lib/dom.js";
import { colours, plotOf, rem } from "./plot.js";

const SCALE = 2;

function picture(plot, title, foot) {
  const c = colours(), r = rem() * SCALE, image = plot.renderToCanvas({ pixelRatio: SCALE, backgroundColor: c.card });
  const sheet = document.createElement("canvas"), pen = sheet.getContext("2d");
  sheet.width = image.width;
  sheet.height = image.height + r * 3.6;
  pen.fillStyle = c.card; pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(image, 0, r * 2);
  pen.fillStyle = c.text; pen.font = `600 ${r}px system-ui, sans-serif`; pen.fillText(title, r * 0.6, r * 1.4);
  pen.fillStyle = c.dim; pen.font = `${r * 0.72}px system-ui, sans-serif`; pen.fillText(foot, r * 0.6, sheet.height - r * 0.5);
  return sheet;
}

function save(sheet, name) {
  sheet.toBlob((blob) => {
    const anchor = element("a");
    anchor.href = URL.createObjectURL(blob);
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
  }, "image/png");
}

// a button in the head of every card with a plot; `describe()` says what the data are
export function addDownloads(describe) {
  for (const node of document.querySelectorAll(".chart")) {
    const head = node.closest(".card").querySelector("h2"), title = head.firstChild.textContent.trim() + (head.dataset.more ?? "");
    const button = element("button", "PNG", "png");
    button.type = "button";
    button.setAttribute("aria-label", `Download the plot ${title} as PNG`);
    button.addEventListener("click", () => {
      const plot = plotOf(node.id);
      if (plot) save(picture(plot, head.textContent.trim(), describe()), `dumpwatch-${node.id.replace("chart-", "")}.png`);
    });
    head.after(button);
    node.closest(".card").classList.add("has-png");
  }
}
