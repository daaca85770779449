// The playback buffer: pure arithmetic, no audio API, so that the worklet and
// the fallback for insecure pages run the same code.

const START_BUFFERED_S = 0.06;
const START_WAITED_S = 0.08;
const FADE_S = 0.005;
const REPORT_EVERY_S = 0.04;

/**
 * @typedef {object} Reply  one reply's audio
 * @property {number} turn
 * @property {number} rate      samples a second of its chunks
 * @property {Int16Array[]} chunks
 * @property {number} offset    next unread sample of the first chunk
 * @property {number} buffered  unread samples in all chunks
 * @property {number} played    samples handed to the output
 * @property {boolean} ended    no more chunks will come
 * @property {boolean} starved  it ran dry before its end
 */

/**
 * @typedef {object} Report
 * @property {"progress"|"held"|"done"|"flushed"} type
 * @property {number} turn
 * @property {number} playedMs  of this turn
 * @property {number} totalMs   of all turns
 * @property {number} underruns
 * @property {number} level     root mean square, 0 to 1
 */

export class JitterBuffer {
  /**
   * @param {number} sampleRate  of the output
   * @param {(report: Report) => void} report
   */
  constructor(sampleRate, report) {
    this.sampleRate = sampleRate;
    this.report = report;
    this.fadeLength = Math.round(FADE_S * sampleRate);
    /** @type {Reply[]} */
    this.replies = [];
    this.playing = false;
    /** Somebody speaks over the reply: it waits where it is. */
    this.held = false;
    this.waitedSamples = 0;
    this.tail = new Float32Array(0);
    this.tailAt = 0;
    this.fadedIn = 0;
    this.totalMs = 0;
    this.underruns = 0;
    this.energy = 0;
    this.energySamples = 0;
    this.resetInterpolation();
  }

  /** @param {{type: "begin"|"samples"|"end"|"hold"|"resume"|"flush", turn?: number, rate?: number, pcm?: ArrayBuffer}} message */
  handle(message) {
    if (message.type === "begin") this.begin(message.turn, message.rate);
    else if (message.type === "samples") this.push(new Int16Array(message.pcm));
    else if (message.type === "end") this.end(message.turn);
    else if (message.type === "hold") this.hold();
    else if (message.type === "resume") this.held = false;
    else if (message.type === "flush") this.flush();
  }

  begin(turn, rate) {
    const newest = this.replies.at(-1);
    if (newest) newest.ended = true;
    this.replies.push({
      turn, rate, chunks: [], offset: 0, buffered: 0, played: 0, ended: false, starved: false,
    });
  }

  push(samples) {
    const reply = this.replies.at(-1);
    if (!reply || reply.ended || samples.length === 0) return;
    if (reply.starved) {
      reply.starved = false;
      this.underruns += 1;
    }
    reply.chunks.push(samples);
    reply.buffered += samples.length;
  }

  end(turn) {
    for (const reply of this.replies) if (reply.turn === turn) reply.ended = true;
  }

  /** Falls silent at once, and goes on from there. */
  hold() {
    const [reply] = this.replies;
    this.held = true;
    if (this.playing) this.stop();
    if (reply) this.emit("held", reply.turn, this.playedMs(reply));
  }

  flush() {
    const reply = this.replies[0];
    this.held = false;
    if (reply) {
      const playedMs = this.playedMs(reply);
      const { totalMs } = this;
      this.stop();
      this.totalMs = totalMs;
      this.replies = [];
      this.emit("flushed", reply.turn, playedMs);
    }
  }

  /** @param {Float32Array} out */
  fill(out) {
    this.settle(out.length);
    for (let i = 0; i < out.length; i += 1) {
      const sample = this.playing ? this.nextSample() : undefined;
      if (sample === undefined) {
        if (this.playing) this.runDry();
        out[i] = this.tailAt < this.tail.length ? this.tail[this.tailAt++] : 0;
      } else {
        out[i] = sample * this.fadeIn();
      }
      this.energy += out[i] * out[i];
    }
    this.energySamples += out.length;
    const reply = this.replies[0];
    if (this.playing && reply && this.energySamples >= REPORT_EVERY_S * this.sampleRate) {
      this.emit("progress", reply.turn, this.playedMs(reply));
    }
  }

  /** Starts when enough is buffered or waited for; drops what is finished. */
  settle(quantum) {
    let reply = this.replies[0];
    while (reply && !this.playing && reply.ended && reply.buffered === 0) {
      this.emit("done", reply.turn, this.playedMs(reply));
      this.replies.shift();
      [reply] = this.replies;
    }
    if (this.held || this.playing || !reply || reply.buffered === 0) return;
    const ready = reply.ended
      || reply.buffered >= START_BUFFERED_S * reply.rate
      || this.waitedSamples >= START_WAITED_S * this.sampleRate;
    if (ready) {
      this.playing = true;
      this.waitedSamples = 0;
      this.fadedIn = 0;
      this.resetInterpolation();
    } else {
      this.waitedSamples += quantum;
    }
  }

  runDry() {
    const [reply] = this.replies;
    this.stop();
    if (!reply.ended) reply.starved = true;
  }

  /** Falls silent over FADE_S, on what is left or on the last sample held. */
  stop() {
    const tail = new Float32Array(this.fadeLength);
    if (this.playing) {
      const gain = this.fadedIn / this.fadeLength;
      let sample = this.current;
      for (let i = 0; i < tail.length; i += 1) {
        sample = this.nextSample() ?? sample;
        tail[i] = sample * gain * 0.5 * (1 + Math.cos((Math.PI * (i + 1)) / tail.length));
      }
    }
    this.tail = tail;
    this.tailAt = 0;
    this.playing = false;
    this.waitedSamples = 0;
  }

  fadeIn() {
    if (this.fadedIn < this.fadeLength) this.fadedIn += 1;
    return this.fadedIn / this.fadeLength;
  }

  resetInterpolation() {
    this.previous = 0;
    this.next = 0;
    this.phase = 1;
    this.current = 0;
  }

  /** One output sample by linear interpolation, undefined when dry. */
  nextSample() {
    const reply = this.replies[0];
    while (this.phase >= 1) {
      if (reply.buffered === 0) return undefined;
      this.previous = this.next;
      this.next = this.take(reply) / 32768;
      this.phase -= 1;
    }
    this.current = this.previous + (this.next - this.previous) * this.phase;
    this.phase += reply.rate / this.sampleRate;
    return this.current;
  }

  take(reply) {
    const [chunk] = reply.chunks;
    const sample = chunk[reply.offset];
    reply.offset += 1;
    reply.buffered -= 1;
    reply.played += 1;
    this.totalMs += 1000 / reply.rate;
    if (reply.offset === chunk.length) {
      reply.chunks.shift();
      reply.offset = 0;
    }
    return sample;
  }

  playedMs(reply) {
    return (reply.played * 1000) / reply.rate;
  }

  emit(type, turn, playedMs) {
    const level = this.energySamples ? Math.sqrt(this.energy / this.energySamples) : 0;
    this.energy = 0;
    this.energySamples = 0;
    this.report({
      type, turn, playedMs, level: type === "progress" ? level : 0, totalMs: this.totalMs, underruns: this.underruns,
    });
  }
}
