"""What a screen reader, a finger and weak eyes need of a page; each complaint in words."""

from __future__ import annotations

from playwright.async_api import Page

LOOK = r"""
() => {
  const wrong = [];
  const tell = (node, why) => wrong.push(`${why}: ${node.outerHTML.slice(0, 120)}`);
  const shown = node => node.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true });
  const quiet = node => node.closest(".quiet, .skip") !== null;

  if (document.documentElement.lang !== "zh-CN") wrong.push("no language");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  if (!document.title) wrong.push("no title");
  const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
  for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) wrong.push(`id twice: ${id}`);
  for (const node of document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]")) {
    const named = [node.getAttribute("aria-labelledby"), node.getAttribute("aria-describedby"), node.getAttribute("for")].filter(Boolean).join(" ").split(" ");
    for (const id of named) if (!document.getElementById(id)) tell(node, `points to nothing (${id})`);
  }
  for (const node of document.querySelectorAll("img")) if (!node.hasAttribute("alt")) tell(node, "picture without words");
  for (const node of document.querySelectorAll("input:not([type=hidden]), textarea, select")) {
    if (shown(node) && !node.labels.length && !node.ariaLabel) tell(node, "field without a label");
  }
  for (const node of document.querySelectorAll("button, a[href], summary")) {
    if (!shown(node)) continue;
    if (!(node.innerText || "").trim() && !node.ariaLabel && !node.querySelector("img[alt]:not([alt=''])")) tell(node, "nothing to read aloud");
    if (quiet(node)) continue;
    const box = node.getBoundingClientRect();
    const zoom = node.currentCSSZoom || 1;
    // A link inside a sentence is as high as its line.
    const inText = node.matches("p > a") && getComputedStyle(node).display === "inline";
    if (!inText && (box.height / zoom < 43.5 || box.width / zoom < 30)) tell(node, `small to hit (${Math.round(box.width)}×${Math.round(box.height)})`);
  }
  let level = 0;
  for (const node of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!shown(node)) continue;
    const own = Number(node.tagName[1]);
    if (own > level + 1 && level > 0) tell(node, "heading skips a level");
    level = own;
  }

  const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return text.startsWith("color(srgb") ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (top, under) => [0, 1, 2].map(k => top[k] * top[3] + under[k] * (1 - top[3])).concat(1);
  const ground = node => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, k) => sum + c * [.2126, .7152, .0722][k], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(node) || quiet(node) || node.closest("[disabled]")) continue;
    const style = getComputedStyle(node);
    const under = ground(node);
    const [a, b] = [light(over(parse(style.color), under)), light(under)];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) tell(node, `pale (${ratio.toFixed(2)})`);
    if (size < 14) tell(node, `small print (${size})`);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
  return wrong;
}
"""


async def hard_to_use(page: Page) -> list[str]:
    """What would keep somebody from reading or tapping; empty for a good page."""
    found: list[str] = await page.evaluate(LOOK)
    width: int = await page.evaluate("innerWidth")
    size = page.viewport_size
    if size and width > size["width"]:
        found.append(f"laid out for {width} px")
    return found
