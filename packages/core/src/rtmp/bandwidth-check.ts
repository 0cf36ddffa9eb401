/** How a bandwidth check goes on. */
export type BandwidthCheckOptions = {
	/** The first payload, and by how much each next one is longer, in bytes. Default 16 KiB. */
	readonly dataBytes: number;
	/** All payloads together, in bytes. Default 4 MiB. */
	readonly maxBytes: number;
	/** How long it goes on sending, in milliseconds. Default 2 s. */
	readonly maxWaitMillis: number;
	/** Never faster than this, in kilobits a second; 0 means as fast as the network takes it. Default 0. */
	readonly maxRateKbps: number;
	/** A peer that has answered no payload by then is given up, in milliseconds. Default 10 s. */
	readonly answerTimeoutMillis: number;
};

/** As Flash Media Server has it (`BandwidthDetection` of Application.xml), with ends where it has none. */
export const DEFAULT_BANDWIDTH_CHECK: BandwidthCheckOptions = {
	dataBytes: 16 * 1024,
	maxBytes: 4 * 1024 * 1024,
	maxWaitMillis: 2000,
	maxRateKbps: 0,
	answerTimeoutMillis: 10_000,
};

/** What a check has found. */
export type BandwidthResult = {
	/** Kilobits a second. */
	readonly kbit: number;
	/** The payloads that were counted, in kilobits, and how long they took beyond the round trip, in milliseconds. */
	readonly deltaKbit: number;
	readonly deltaMillis: number;
	/** The shortest round trip, in milliseconds. */
	readonly latencyMillis: number;
};

/** Empty probes in front, which measure the round trip alone. */
const LATENCY_PROBES = 3;
/** No payload is longer: Flash Media Server ends about there, and an analyser takes twice as much for garbage. */
const MAX_PAYLOAD_BYTES = 256 * 1024;
/** What is sent takes at least this share of the round trip: clocks and queues are no finer. */
const LEAST_SHARE = 1 / 8;

/**
 * Measures what a connection carries, one probe after the other: payloads that grow are sent, each when the one before
 * has been answered, for as long as the options allow. The answer's time beyond the shortest round trip is what the
 * payload took. Only the longer half counts, for TCP is slow at the start. Pure: times are arguments, in milliseconds.
 */
export class BandwidthCheck {
	readonly #options: BandwidthCheckOptions;
	readonly #send: (payloadBytes: number, probe: number) => void;
	readonly #onDone: (result: BandwidthResult | undefined) => void;
	readonly #measured: { readonly bytes: number; readonly millis: number }[] = [];
	#beganAt = 0;
	#sentAt = 0;
	#sentBytes = 0;
	#allBytes = 0;
	/** Number of the last probe. */
	#probe = 0;
	#latency = Number.POSITIVE_INFINITY;
	/** When the rate allows the next probe; −1 while one is under way. */
	#resumeAt = -1;
	#isOver = false;

	/**
	 * @param send sends a payload of that many bytes; the answer is told by `answered` with the same number
	 * @param onDone is called once; `undefined`: the peer does not answer
	 */
	constructor(
		options: BandwidthCheckOptions,
		send: (payloadBytes: number, probe: number) => void,
		onDone: (result: BandwidthResult | undefined) => void,
	) {
		this.#options = options;
		this.#send = send;
		this.#onDone = onDone;
	}

	get isOver(): boolean {
		return this.#isOver;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		if (this.#isOver) return Number.POSITIVE_INFINITY;
		const { maxWaitMillis, answerTimeoutMillis } = this.#options;
		const end = this.#beganAt + (this.#measured.length > 0 ? maxWaitMillis : answerTimeoutMillis);
		return this.#resumeAt >= 0 ? Math.min(this.#resumeAt, end) : end;
	}

	begin(now: number): void {
		this.#beganAt = now;
		this.#sendProbe(now);
	}

	/** The peer has answered a probe, with whatever. An answer to an older one is ignored. */
	answered(probe: number, now: number): void {
		if (this.#isOver || probe !== this.#probe || this.#resumeAt >= 0) return;
		const millis = now - this.#sentAt;
		if (this.#sentBytes > 0) this.#measured.push({ bytes: this.#sentBytes, millis });
		else this.#latency = Math.min(this.#latency, millis);
		const { maxWaitMillis, maxRateKbps, maxBytes } = this.#options;
		const isEnough = now - this.#beganAt >= maxWaitMillis || this.#allBytes >= maxBytes;
		if (isEnough && this.#measured.length > 0) {
			this.#finish(this.#result());
			return;
		}
		const due = maxRateKbps === 0 ? now : this.#beganAt + (this.#allBytes * 8) / maxRateKbps;
		if (due > now) this.#resumeAt = due;
		else this.#sendProbe(now);
	}

	handleTimeout(now: number): void {
		if (this.#isOver || now < this.deadline) return;
		const isPaused = this.#resumeAt >= 0;
		if (isPaused && now - this.#beganAt < this.#options.maxWaitMillis) this.#sendProbe(now);
		else this.#finish(this.#measured.length > 0 ? this.#result() : undefined);
	}

	/** Ends it with what is known: the connection has ended. */
	stop(): void {
		if (!this.#isOver) this.#finish(undefined);
	}

	#sendProbe(now: number): void {
		const { dataBytes, maxBytes } = this.#options;
		this.#probe++;
		const step = this.#probe - LATENCY_PROBES;
		this.#sentBytes = step <= 0 ? 0 : Math.min(step * dataBytes, MAX_PAYLOAD_BYTES, maxBytes - this.#allBytes);
		this.#allBytes += this.#sentBytes;
		this.#sentAt = now;
		this.#resumeAt = -1;
		this.#send(this.#sentBytes, this.#probe);
	}

	#result(): BandwidthResult {
		const longest = this.#measured.reduce((most, { bytes }) => Math.max(most, bytes), 0);
		let allBytes = 0;
		let allMillis = 0;
		for (const { bytes, millis } of this.#measured) {
			if (bytes * 2 < longest) continue;
			allBytes += bytes;
			allMillis += Math.max(millis - this.#latency, millis * LEAST_SHARE);
		}
		const deltaMillis = Math.max(allMillis, 0.001);
		return {
			kbit: Math.round((allBytes * 8) / deltaMillis),
			deltaKbit: Math.round((allBytes * 8) / 1000),
			deltaMillis: Math.max(1, Math.round(deltaMillis)),
			latencyMillis: Math.round(this.#latency),
		};
	}

	#finish(result: BandwidthResult | undefined): void {
		this.#isOver = true;
		this.#onDone(result);
	}
}

/** What payloads are parts of; made with the first. Parts of a string share its memory. */
let longest = "";

/** A payload of so many bytes in AMF, which a network that compresses makes little shorter. */
export function bandwidthPayload(bytes: number): string {
	while (longest.length < bytes) {
		let text = "";
		// Any cheap sequence without a short period: the numbers mean nothing.
		for (let state = 12_345 + longest.length, i = 0; i < 65_536; i++) {
			state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
			text += String.fromCharCode(33 + ((state >>> 16) % 94));
		}
		longest += text;
	}
	return longest.slice(0, bytes);
}
