// Plays the replies and says what has really been heard of them.

import { JitterBuffer } from "./jitter.js";

const REPORT_EVERY_MS = 250;
const SCRIPT_BLOCK = 1024;

export class Player {
  /**
   * @param {number} rate  the rate the replies are asked for at
   * @param {object} handlers
   * @param {(turn: number, playedMs: number) => void} handlers.onPlayed  for the server: now and then, and when a reply is held, ends or is flushed
   * @param {(report: import("./jitter.js").Report) => void} handlers.onProgress  for the eyes: often
   */
  constructor(rate, { onPlayed, onProgress }) {
    this.rate = rate;
    this.onPlayed = onPlayed;
    this.onProgress = onProgress;
    this.forget();
  }

  /** Call within a click; the promise settles when sound can be played. */
  open() {
    if (!this.context) {
      this.context = playbackContext(this.rate);
      this.ready = this.context.audioWorklet ? this.attachWorklet() : Promise.resolve(this.attachScript());
    }
    this.context.resume();
    return this.ready;
  }

  /** Turn numbers start anew: a new conversation. */
  forget() {
    this.dead = new Set();
    this.openTurn = null;
    this.reportedMs = null;
    this.odd = null;
  }

  async attachWorklet() {
    await this.context.audioWorklet.addModule(new URL("./player.worklet.js", import.meta.url));
    const node = new AudioWorkletNode(this.context, "parley-player", {
      numberOfInputs: 0, outputChannelCount: [1],
    });
    node.port.onmessage = ({ data }) => this.hear(data);
    node.connect(this.context.destination);
    this.post = (message, transfer) => node.port.postMessage(message, transfer);
  }

  /** Worklets need https or localhost; a page on a LAN address still has this. */
  attachScript() {
    const buffer = new JitterBuffer(this.context.sampleRate, (report) => this.hear(report));
    this.node = this.context.createScriptProcessor(SCRIPT_BLOCK, 0, 1);
    this.node.onaudioprocess = ({ outputBuffer }) => buffer.fill(outputBuffer.getChannelData(0));
    this.node.connect(this.context.destination);
    this.post = (message) => buffer.handle(message);
  }

  begin(turn, rate) {
    if (this.dead.has(turn)) return;
    this.openTurn = turn;
    this.odd = null;
    this.post?.({ type: "begin", turn, rate });
  }

  /** @param {ArrayBuffer} bytes  PCM16; what belongs to no open reply is dropped */
  push(bytes) {
    if (this.openTurn === null) return;
    const pcm = this.wholeSamples(bytes);
    this.post?.({ type: "samples", pcm }, [pcm]);
  }

  end(turn) {
    if (this.openTurn === turn) this.openTurn = null;
    this.post?.({ type: "end", turn });
  }

  /** Falls silent at once, and goes on from there when it resumes. */
  hold(turn) {
    if (!this.dead.has(turn)) this.post?.({ type: "hold" });
  }

  resume(turn) {
    if (!this.dead.has(turn)) this.post?.({ type: "resume" });
  }

  /** Falls silent at once; nothing more of `turn` will be played. */
  flush(turn) {
    if (turn !== undefined) this.dead.add(turn);
    if (this.openTurn !== null) this.dead.add(this.openTurn);
    this.openTurn = null;
    this.post?.({ type: "flush" });
  }

  /** Another reply follows under the number of one that was never heard. */
  revive(turn) {
    this.dead.delete(turn);
  }

  /** Lets go of the loudspeaker. */
  rest() {
    this.flush();
    return this.context?.suspend();
  }

  /** A message may split a sample: the odd byte waits for the next one. */
  wholeSamples(bytes) {
    if (this.odd === null && bytes.byteLength % 2 === 0) return bytes;
    const joined = new Uint8Array(bytes.byteLength + (this.odd === null ? 0 : 1));
    if (this.odd !== null) joined[0] = this.odd;
    joined.set(new Uint8Array(bytes), joined.length - bytes.byteLength);
    const even = joined.length & ~1;
    this.odd = even === joined.length ? null : joined[even];
    return joined.buffer.slice(0, even);
  }

  /** @param {import("./jitter.js").Report} report */
  hear(report) {
    this.onProgress(report);
    const { type, turn, playedMs } = report;
    const lagMs = 1000 * (this.context.outputLatency || this.context.baseLatency || 0);
    if (type === "flushed") {
      this.reportedMs = null;
      this.onPlayed(turn, Math.max(0, Math.round(playedMs - lagMs))); // the last word on it
      return;
    }
    if (this.dead.has(turn)) {
      this.reportedMs = null;
      return;
    }
    if (type === "done") {
      this.reportedMs = null;
      setTimeout(() => this.dead.has(turn) || this.onPlayed(turn, Math.round(playedMs)), lagMs);
      return;
    }
    const heardMs = Math.max(0, Math.round(playedMs - lagMs));
    if (type === "held" || this.reportedMs === null || heardMs - this.reportedMs >= REPORT_EVERY_MS) {
      this.reportedMs = heardMs;
      this.onPlayed(turn, heardMs);
    }
  }
}

function playbackContext(sampleRate) {
  try {
    return new AudioContext({ sampleRate, latencyHint: "interactive" });
  } catch {
    return new AudioContext({ latencyHint: "interactive" });
  }
}
