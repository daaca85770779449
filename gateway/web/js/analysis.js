// What the analysis found.

import { make } from "./dom.js";

/**
 * @param {{grammar_score: number|null, final_score: number|null,
 *   mistakes?: {original: string, correction: string, explanation: string}[],
 *   strengths?: string[], suggestions?: string[]}} data
 * @returns {HTMLElement} a section whose heading can take the focus
 */
export function analysisPanel(data) {
  const judged = typeof data.final_score === "number";
  const heading = make("h2", { tabindex: "-1", id: "analysis-heading" }, "Your conversation");
  const panel = make("section", {
    class: "analysis", "data-testid": "analysis", "aria-labelledby": "analysis-heading",
  }, heading);
  if (!judged) panel.append(make("p", { class: "none" }, "Too little was said to judge it."));
  else {
    panel.append(make("div", { class: "scores" },
      score("Overall", data.final_score), score("Grammar", data.grammar_score)));
    panel.append(...corrections(data));
  }
  panel.append(...points("What went well", data.strengths), ...points("To try next", data.suggestions));
  return panel;
}

function corrections(data) {
  const mistakes = data.mistakes ?? [];
  return [make("h3", {}, "To correct"), mistakes.length === 0
    ? make("p", { class: "none" }, "No mistakes were found.")
    : make("ul", { class: "mistakes" }, ...mistakes.map(mistake))];
}

function score(name, value) {
  const dial = make("div", { class: "dial" }, make("strong", {}, String(Math.round(value))));
  dial.style.setProperty("--score", String(value));
  return make("div", { class: "score" }, dial, make("p", {}, name, make("span", { class: "out-of" }, "out of 100")));
}

function mistake({ original, correction, explanation }) {
  return make("li", {},
    make("p", { class: "change" },
      make("del", {}, original), make("span", { class: "arrow", "aria-label": "better:" }, " → "), make("ins", {}, correction)),
    make("p", { class: "why" }, explanation));
}

function points(title, items = []) {
  if (items.length === 0) return [];
  return [make("h3", {}, title), make("ul", { class: "points" }, ...items.map((item) => make("li", {}, item)))];
}
