import type { NetStatusEvent, NetStream } from "@millrace/client";
import type { MediaMessage } from "@millrace/core/flv";
import { EVENT_STREAM_BEGIN, EVENT_STREAM_EOF, type NetStatus, type ServerStream } from "@millrace/core/rtmp";
import type { PlayTransport } from "../playing.ts";
import { RtmpFramer } from "../rtmp-framer.ts";

/** More waits than these bytes for the client: the origin is paused. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;
/** When so little waits, it goes on. */
const LOW_WAITING_BYTES = 256 * 1024;

/** What the client is to get, in order. False: not yet. */
type Waiting = { readonly bytes: number; readonly send: () => boolean };

/** A file of an origin that one client plays through this edge: every command goes there, everything comes back. */
export class EdgeFilePlay {
	readonly upstream: NetStream;
	readonly #stream: ServerStream;
	readonly #transport: PlayTransport;
	readonly #framer: RtmpFramer;
	#waiting: Waiting[] = [];
	#waitingBytes = 0;
	/** The origin is paused, because the client is slow. */
	#isHeld = false;
	#isPaused = false;
	/** Time of the last message for the client; `undefined` before the first, and behind a seek. */
	#lastMillis: number | undefined;
	/** Statuses that answer what the client has not asked for. */
	readonly #hidden = new Map<string, number>();
	#isClosed = false;

	constructor(stream: ServerStream, upstream: NetStream, transport: PlayTransport) {
		this.#stream = stream;
		this.upstream = upstream;
		this.#transport = transport;
		const { connection } = stream;
		this.#framer = new RtmpFramer(connection.link.chunkSize, stream.id, connection.objectEncoding);
		upstream.onMedia = message => this.#take(message);
		upstream.addEventListener("netStatus", (event: NetStatusEvent) => this.#onStatus(event.info));
	}

	pause(paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.#isPaused = paused;
		if (this.#isHeld) {
			this.#isHeld = false;
			// The origin is paused already, and has said so: then it need not be asked, but the client must be told.
			if (paused) {
				this.#tell("NetStream.Pause.Notify", "Pausing");
				return;
			}
		}
		// A client that has dropped what it had wants it again. Those that do not know their position say 0.
		const isBehind = positionMillis > 0 && positionMillis < (this.#lastMillis ?? 0);
		if (!paused && !keepsBuffer && isBehind) {
			this.#hide("NetStream.Seek.Notify");
			this.#drop();
			this.upstream.seek(positionMillis / 1000);
		}
		this.upstream.pause(paused);
	}

	seek(positionMillis: number): void {
		this.#lastMillis = undefined;
		this.#drop();
		this.upstream.seek(positionMillis / 1000);
	}

	setFilter(): void {
		this.upstream.receiveAudio(this.#stream.wantsAudio);
		this.upstream.receiveVideo(this.#stream.wantsVideo);
	}

	setBuffer(): void {
		this.upstream.bufferTime = Math.max(0, this.#stream.bufferMillis) / 1000;
	}

	onDrain(): void {
		while (!this.#isClosed && this.#waiting.length > 0 && this.#waiting[0]!.send()) {
			this.#waitingBytes -= this.#waiting.shift()!.bytes;
		}
		if (!this.#isHeld || this.#waitingBytes > LOW_WAITING_BYTES) return;
		this.#isHeld = false;
		if (this.#isPaused) return;
		this.#hide("NetStream.Unpause.Notify");
		this.upstream.pause(false);
	}

	close(): void {
		this.#isClosed = true;
		this.#waiting = [];
		this.upstream.close();
	}

	#take(message: MediaMessage): void {
		if (message.timestamp > 0) this.#lastMillis = message.timestamp;
		const block = this.#framer.frame([message]);
		this.#add(block.length, () => this.#transport.offer(block));
		if (this.#isHeld || this.#isPaused || this.#waitingBytes <= MAX_WAITING_BYTES) return;
		this.#isHeld = true;
		this.#hide("NetStream.Pause.Notify");
		this.upstream.pause(true);
	}

	#onStatus(info: NetStatus): void {
		if (this.#isClosed) return;
		const { code } = info;
		const hidden = this.#hidden.get(code) ?? 0;
		if (hidden > 0) {
			this.#hidden.set(code, hidden - 1);
			return;
		}
		if (code.startsWith("NetStream.Buffer.")) return;
		this.#add(0, () => {
			const stream = this.#stream;
			if (code === "NetStream.Play.Stop") stream.sendEvent(EVENT_STREAM_EOF);
			else if (BEGINNINGS.has(code)) stream.sendEvent(EVENT_STREAM_BEGIN);
			stream.sendStatus({ ...info, clientid: stream.connection.clientId });
			this.#transport.flush();
			return true;
		});
	}

	#tell(code: "NetStream.Pause.Notify", what: string): void {
		const stream = this.#stream;
		stream.sendStatus(stream.status(code, `${what} ${stream.name}.`));
		this.#transport.flush();
	}

	#add(bytes: number, send: () => boolean): void {
		if (this.#isClosed) return;
		this.#waiting.push({ bytes, send });
		this.#waitingBytes += bytes;
		this.onDrain();
	}

	/** Media that waits is of no use any more; what was said stays. */
	#drop(): void {
		this.#waiting = this.#waiting.filter(({ bytes }) => bytes === 0);
		this.#waitingBytes = 0;
	}

	#hide(code: string): void {
		this.#hidden.set(code, (this.#hidden.get(code) ?? 0) + 1);
	}
}

const BEGINNINGS: ReadonlySet<string> = new Set(["NetStream.Unpause.Notify", "NetStream.Seek.Notify"]);
