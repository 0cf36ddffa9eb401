import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { FlvDemuxer, MEDIA_AUDIO, MEDIA_VIDEO, MediaMessage, type MediaType } from "@millrace/core/flv";
import type { AbuseServer } from "./abuse-server.ts";
import type { RawClient } from "./raw-client.ts";

const CLIP = new URL("../../packages/server/media/demo.flv", import.meta.url);
const STREAM = "victim";
const TICK_MILLIS = 20;
/** How long a packet may take from publisher to viewer while offenders run, in milliseconds. */
const LATEST_MILLIS = 8000;

type Packet = {
	readonly type: number;
	readonly timestamp: number;
	readonly hash: string;
	readonly isKeyframe: boolean;
};

/** How a victim reaches the server. */
export type VictimServer = Pick<AbuseServer, "openPublishing" | "openConnected">;

/**
 * Two people who have nothing to do with the offenders: one publishes the demonstration clip over and over in real
 * time, the other watches. Whatever happens beside them, the watcher has to get every packet.
 */
export class Victim {
	readonly #publisher: RawClient;
	readonly #viewer: RawClient;
	readonly #clip: readonly MediaMessage[];
	readonly #clipMillis: number;
	readonly #sent: Packet[] = [];
	readonly #received: Packet[] = [];
	readonly #startedAt = performance.now();
	#timer: NodeJS.Timeout | undefined;
	#position = 0;
	/** Where in what was sent the viewer began; −1 before its first keyframe. */
	#offset = -1;
	#checked = 0;
	/** Gaps between the arrivals of video frames, in milliseconds. */
	#gaps: number[] = [];
	#lastFrameAt = 0;

	private constructor(publisher: RawClient, viewer: RawClient) {
		this.#publisher = publisher;
		this.#viewer = viewer;
		this.#clip = readClip();
		this.#clipMillis = Math.ceil(this.#clip.at(-1)!.timestamp) + 40;
		viewer.onMessage = ({ type, timestamp, payload }) => {
			if (type !== MEDIA_AUDIO && type !== MEDIA_VIDEO) return;
			if (type === MEDIA_VIDEO) this.#noteFrame();
			this.#received.push(packetOf(type, timestamp, payload));
		};
	}

	/** Begins to publish and to watch, and returns when the first packets have arrived. */
	static async start(server: VictimServer, stream = STREAM): Promise<Victim> {
		const publisher = await server.openPublishing(stream);
		// Nobody answers pings for it, but it sends all the time; the viewer needs to be heard of.
		const viewer = await server.openConnected();
		await viewer.createStream();
		await viewer.play(stream);
		const victim = new Victim(publisher, viewer);
		victim.#timer = setInterval(() => victim.#tick(), TICK_MILLIS);
		await victim.check();
		return victim;
	}

	/**
	 * Waits until everything that was sent before the call has been received, and compares: the same packets, at the
	 * same times, in the same order, none missing. Returns how many packets were compared so far.
	 */
	async check(): Promise<number> {
		const deadline = performance.now() + LATEST_MILLIS;
		const target = Math.max(this.#sent.length, this.#checked + 1);
		while (!this.#hasUpTo(target)) {
			if (this.#viewer.isClosed || this.#publisher.isClosed) {
				throw new Error(`the server closed the victim's ${this.#viewer.isClosed ? "viewer" : "publisher"}`);
			}
			if (performance.now() > deadline) {
				throw new Error(`the viewer has ${this.#received.length} packets, of ${this.#sent.length} that were sent`);
			}
			await new Promise(resolve => setTimeout(resolve, 5));
		}
		this.#compare();
		return this.#checked;
	}

	/** Gaps between the video frames that arrived since the last call, in milliseconds. */
	takeGaps(): number[] {
		const gaps = this.#gaps;
		this.#gaps = [];
		this.#lastFrameAt = 0;
		return gaps;
	}

	stop(): void {
		clearInterval(this.#timer);
		this.#publisher.destroy();
		this.#viewer.destroy();
	}

	#noteFrame(): void {
		const now = performance.now();
		if (this.#lastFrameAt > 0) this.#gaps.push(now - this.#lastFrameAt);
		this.#lastFrameAt = now;
	}

	#hasUpTo(count: number): boolean {
		if (this.#offset < 0) {
			const start = this.#received.findIndex(packet => packet.isKeyframe);
			const first = this.#received[start];
			if (first === undefined) return false;
			this.#received.splice(0, start);
			this.#offset = this.#sent.findIndex(packet => packet.timestamp === first.timestamp && packet.hash === first.hash);
			if (this.#offset < 0) throw new Error("the viewer's first keyframe is none that was sent");
		}
		return this.#offset + this.#received.length >= count;
	}

	#compare(): void {
		for (; this.#checked < this.#received.length; this.#checked++) {
			const found = this.#received[this.#checked]!;
			const wanted = this.#sent[this.#offset + this.#checked]!;
			if (found.type === wanted.type && found.timestamp === wanted.timestamp && found.hash === wanted.hash) continue;
			const show = (packet: Packet) => `type ${packet.type} at ${packet.timestamp} ms, ${packet.hash.slice(0, 12)}`;
			throw new Error(`packet ${this.#checked} of the viewer is ${show(found)}, but ${show(wanted)} was sent`);
		}
	}

	/** Sends what is due by the clock. */
	#tick(): void {
		const now = performance.now() - this.#startedAt;
		for (;;) {
			const { type, timestamp, payload } = this.#clip[this.#position % this.#clip.length]!;
			const time = timestamp + Math.floor(this.#position / this.#clip.length) * this.#clipMillis;
			if (time > now) return;
			this.#position++;
			if (type === MEDIA_AUDIO || type === MEDIA_VIDEO) this.#sent.push(packetOf(type, time, payload));
			this.#publisher.send(this.#publisher.message(type, payload, 1, time, type));
		}
	}
}

/** The clip's messages; configurations only where they differ, as in its first round. */
function readClip(): MediaMessage[] {
	const messages: MediaMessage[] = [];
	const demuxer = new FlvDemuxer({
		onTag: message => {
			if (message.isAudio || message.isVideo) messages.push(message);
		},
	});
	demuxer.push(readFileSync(CLIP));
	return messages;
}

function packetOf(type: MediaType, timestamp: number, payload: Uint8Array): Packet {
	const hash = createHash("sha256").update(payload).digest("hex");
	return { type, timestamp, hash, isKeyframe: new MediaMessage(type, 0, payload).isKeyframe };
}
