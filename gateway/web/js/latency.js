// How long a reply took, split by stage.

import { make } from "./dom.js";

const STAGES = [
  { field: "end_of_turn_ms", key: "pause", name: "Pause" },
  { field: "stt_final_ms", key: "recognition", name: "Recognition" },
  { field: "llm_first_token_ms", key: "thinking", name: "Thinking" },
  { field: "tts_first_audio_ms", key: "voice", name: "Voice" },
];

const known = (value) => typeof value === "number";

export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/**
 * @param {Record<string, number|null>} metrics
 * @param {Record<string, string>} attributes
 * @returns {HTMLElement|null} null when nothing was measured
 */
export function latencyFigure(metrics, attributes) {
  const stages = STAGES.filter(({ field }) => known(metrics[field]));
  const spoken = known(metrics.voice_to_voice_ms);
  if (!spoken && stages.length === 0) return null;
  const total = spoken ? metrics.voice_to_voice_ms : stages.reduce((sum, { field }) => sum + metrics[field], 0);

  const bar = make("span", { class: "bar", "aria-hidden": "true" });
  const legend = make("dl", { class: "stages" });
  for (const { field, key, name } of stages) {
    const share = make("i", { class: `stage-${key}` });
    share.style.setProperty("flex-grow", String(Math.max(metrics[field], 1)));
    bar.append(share);
    legend.append(make("div", { class: `stage-${key}` },
      make("dt", {}, name), make("dd", {}, duration(metrics[field]))));
  }
  return make("div", { class: "latency", ...attributes },
    make("p", { class: "total" },
      make("strong", {}, duration(total)), ` ${spoken ? "voice to voice" : "to the first sound"}`),
    bar, legend);
}
