// Renders the diagrams that come as a JSON list on stdin, with the library that GitHub uses.
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<body></body>", { pretendToBeVisual: true });
globalThis.window = window;
for (const name of ["document", "Element", "HTMLElement", "SVGElement", "Node", "DOMParser", "XMLSerializer"]) {
  globalThis[name] = window[name];
}
// jsdom lays nothing out; that a text has some size is all that Mermaid needs.
window.SVGElement.prototype.getBBox = () => ({ x: 0, y: 0, width: 100, height: 20 });
window.SVGElement.prototype.getComputedTextLength = () => 50;

const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, securityLevel: "strict" });
let text = "";
for await (const chunk of process.stdin) text += chunk;
const diagrams = JSON.parse(text);
for (const [index, diagram] of diagrams.entries()) {
  const { svg } = await mermaid.render(`diagram${index}`, diagram);
  if (!svg.includes("<svg") || svg.includes("Syntax error")) throw new Error(diagram);
}
console.log(diagrams.length);
