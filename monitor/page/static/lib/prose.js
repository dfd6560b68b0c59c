// A small part of Markdown as nodes: headings, paragraphs, lists, tables, code, bold, links. Never markup from the text.

import { element, link } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:\/\/[^>\s]+)>/g;
export const anchorOf = (text) => text.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-");

// only links within this page and to the web: no other scheme is followed
function linkOf(text, target) {
  if (target.startsWith("#")) return link(target, text);
  return /^https?:\/\//.test(target) ? link(target, text) : element("span", text);
}

function inline(node, text) {
  let done = 0;
  for (const match of text.matchAll(INLINE)) {
    node.append(text.slice(done, match.index));
    const [all, code, bold, label, target, plain] = match;
    node.append(code !== undefined ? element("code", code) : bold !== undefined ? element("b", bold) : linkOf(label ?? plain, target ?? plain));
    done = match.index + all.length;
  }
  node.append(text.slice(done));
  return node;
}

function heading(line) {
  const [, marks, text] = /^(#+) +(.*)$/.exec(line), node = inline(element(`h${Math.min(4, marks.length + 1)}`), text);
  node.id = anchorOf(text);
  node.tabIndex = -1;
  return node;
}

function table(lines) {
  const node = element("table", "", "lines prose-table"), cells = (line) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  lines.filter((line) => !/^\|[\s:|-]+\|$/.test(line)).forEach((line, i) => {
    const row = element("tr");
    row.append(...cells(line).map((cell) => inline(element(i ? "td" : "th"), cell)));
    node.append(row);
  });
  return node;
}

function list(lines) {
  const node = element(/^\d/.test(lines[0]) ? "ol" : "ul"), items = [];
  for (const line of lines) {
    if (/^([*-]|\d+\.) /.test(line)) items.push(line.replace(/^([*-]|\d+\.) +/, "")); else items[items.length - 1] += ` ${line.trim()}`;
  }
  node.append(...items.map((item) => inline(element("li"), item)));
  return node;
}

function block(lines) {
  const first = lines[0];
  if (first.startsWith("|")) return table(lines);
  if (/^([*-]|\d+\.) /.test(first)) return list(lines);
  if (first.startsWith("    ")) { const pre = element("pre"); pre.append(element("code", lines.map((l) => l.slice(4)).join("\n"))); return pre; }
  return inline(element("p"), lines.map((l) => l.trim()).join(" "));
}

export function prose(text) {
  const nodes = [];
  let open = [], fence = null;
  const close = () => { if (open.length) nodes.push(block(open)); open = []; };
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      if (fence) { const pre = element("pre"); pre.append(element("code", fence.join("\n"))); nodes.push(pre); fence = null; } else { close(); fence = []; }
    } else if (fence) fence.push(line);
    else if (/^#+ /.test(line)) { close(); nodes.push(heading(line)); } else if (line.trim() === "") close();
    else open.push(line);
  }
  close();
  return nodes;
}
