// What happened, in words for a person.

import { InsecurePage } from "./microphone.js";

const STATES = {
  idle: ["Ready when you are", "Press start and speak, or type."],
  connecting: ["Connecting", "One moment."],
  listening: ["Listening", "Say something, or type."],
  user_turn: ["Hearing you", "Pause when you are done."],
  thinking: ["Thinking", "Finding the words."],
  speaking: ["Speaking", "Interrupt whenever you like."],
  analysing: ["Analysing", "Reading back what you said."],
  closed: ["Conversation ended", "Start another any time."],
  lost: ["Connection lost", "What was said stays here."],
};

/** @returns {[string, string]} the state and a hint */
export function stateWords(phase, { microphone, muted }) {
  const [state, hint] = STATES[phase] ?? [phase, ""];
  if (phase === "listening" && !microphone) return [state, "No microphone: type instead."];
  if (phase === "listening" && muted) return [state, "You are muted."];
  return [state, hint];
}

const CLOSINGS = {
  1000: "The server ended the conversation.",
  1001: "The server is going away.",
  1006: "The connection broke.",
  1007: "The server did not understand this page. Reload it and try again.",
  1008: "The server refused what this page sent.",
  1009: "This page sent more at once than the server takes.",
  1011: "Something went wrong in the server.",
  1012: "The server is restarting. Reconnect in a moment.",
  1013: "All places are taken. Try again in a little while.",
};

/** Codes whose reason tells a person more than the code does. */
const REASONED = [1000, 1008];

const REFUSALS = {
  "": "The server answers, but the conversation could not begin: try again. A proxy before the server may not let WebSockets through.",
  unreachable: "Parley cannot be reached. Is it running? Try again in a moment.",
  origin: "This page may not talk to the server: whoever runs it can add the page's origin to CORS_ORIGINS.",
  leaving: "The server is restarting. Reconnect in a moment.",
  full: "All places are taken. Try again in a little while.",
  address_full: "All places of your network's address are taken. Try again in a little while.",
  no_slot: "All places are taken. Try again in a little while.",
};

/** @param {{code: string, error: string, hasKey: boolean}} refusal */
export function refusalWords({ code, error, hasKey }) {
  if (code === "host") return `The server does not know the name ${location.hostname}: whoever runs it must add it to ALLOWED_HOSTS.`;
  if (code === "key" && hasKey) return "The key in this page's address is not one of the server's (API_KEYS). Is all of it there?";
  if (code === "key") return "This server wants a key: put #key=… at the end of this page's address.";
  return REFUSALS[code] ?? `The server does not let this page in: ${error}.`;
}

export function closeWords({ code, reason }) {
  const words = CLOSINGS[code];
  if (words && reason && REASONED.includes(code)) return `${words.slice(0, -1)}: ${reason}.`;
  return words ?? `The connection closed unexpectedly (code ${code}).`;
}

const MICROPHONE = {
  NotAllowedError: "The microphone is not allowed for this page. Allow it in the browser's site settings.",
  NotFoundError: "No microphone was found.",
  NotReadableError: "The microphone is in use by something else.",
};

export function microphoneWords(error) {
  const reason = error instanceof InsecurePage
    ? "The microphone needs https or localhost."
    : MICROPHONE[error.name] ?? `The microphone cannot be used (${error.message || error.name}).`;
  return `${reason} You can still type.`;
}

export function tooLong(length, most) {
  return `That is ${length} characters long, and a message may have ${most}. Nothing was cut: shorten it, or send it in parts.`;
}

export const MICROPHONE_LOST = "The microphone was disconnected. You can still type.";
export const NO_SOUND = "This browser cannot play the replies. You can still read them.";
export const NO_ANALYSIS = "The conversation ended before its analysis arrived.";

export function errorWords({ message, code }) {
  return message || `Something went wrong (${code}).`;
}

const RECOGNITION_NOTES = {
  moonshine: "It understands English, and gets about two words in a hundred wrong: more where it is noisy.",
};

export function enginesWords({ engines, profile, shortcomings = [] }) {
  const parts = [
    ["recognition", engines.stt], ["replies", engines.llm], ["voice", engines.tts], ["analysis", engines.analysis],
  ].filter(([, engine]) => engine).map(([part, engine]) => `${part} ${engine}`);
  const line = `Running ${profile ? `the ${profile} profile: ` : ""}${parts.join(", ")}.`;
  const note = RECOGNITION_NOTES[engines.stt];
  return [line, note, ...shortcomings].filter(Boolean).join(" ");
}
