import { AmfEcmaArray } from "@millrace/core/amf";
import type { MediaMessage } from "@millrace/core/flv";
import {
	EVENT_BUFFER_EMPTY,
	EVENT_BUFFER_READY,
	EVENT_STREAM_BEGIN,
	EVENT_STREAM_EOF,
	EVENT_STREAM_IS_RECORDED,
	netStatus,
	type ServerStream,
} from "@millrace/core/rtmp";
import { FilePlayer, type FilePlayerSink, type MediaSource, type PlayerSchedule } from "../library/index.ts";
import type { PlayEnvironment, PlayItem, Playing, PlayObserver } from "./playing.ts";
import { RtmpFramer } from "./rtmp-framer.ts";

/** Where a file begins, and how its times follow what was played before. */
export type FileStart = {
	/** Default: as the item says. In milliseconds of the file. */
	readonly fromMillis?: number;
	readonly skipBeforeMillis?: number;
	/** What is added to the file's times. */
	readonly offsetMillis?: number;
	/** Where the file's first message lies on the player's clock; it decides the offset. */
	readonly continuesAtMillis?: number;
};

/** One NetStream that plays a file: a player of the library on one side, a message stream on the other. */
export class FilePlay implements Playing, FilePlayerSink {
	readonly item: PlayItem;
	readonly isRecorded = true;
	readonly player: FilePlayer;
	messagesSent = 0;
	readonly #stream: ServerStream;
	readonly #environment: PlayEnvironment;
	readonly #observer: PlayObserver;
	readonly #source: MediaSource;
	#framer: RtmpFramer;
	#offset = 0;
	#continuesAt: number | undefined;
	#askedMillis = 0;
	#hasBegun = false;
	#isClosed = false;
	/** What the network has not taken yet; used again when it has. */
	#block: Uint8Array | undefined;

	/** Nothing is sent before `start`. The source is this object's to release from now on. */
	constructor(
		stream: ServerStream,
		item: PlayItem,
		source: MediaSource,
		environment: PlayEnvironment & { readonly schedule: PlayerSchedule },
		observer: PlayObserver,
	) {
		this.#stream = stream;
		this.item = item;
		this.#source = source;
		this.#environment = environment;
		this.#observer = observer;
		this.player = new FilePlayer(source, this, environment.schedule, environment.files);
		this.#framer = this.#framerFor(0);
	}

	get offsetMillis(): number {
		return this.#offset;
	}

	get sentMillis(): number {
		return this.player.sentMillis + this.#offset;
	}

	get endMillis(): number {
		return this.player.endMillis + this.#offset;
	}

	get durationMillis(): number {
		return this.#source.durationMillis;
	}

	get bytesSent(): number {
		return this.player.bytesSent;
	}

	/** What players are told in front of media: that it begins, and what it is. */
	tellData(): void {
		const stream = this.#stream;
		// ffmpeg as a player shows it as a stream of its own.
		if (stream.connection.request?.flashVer !== FLASH_VERSION_OF_FFMPEG) {
			stream.sendData("onStatus", netStatus("NetStream.Data.Start"));
		}
		this.tellMetadata();
	}

	tellMetadata(): void {
		this.#stream.sendData("onMetaData", new AmfEcmaArray(Object.entries(this.#source.metadata)));
	}

	start(start: FileStart = {}): void {
		const stream = this.#stream;
		const { startMillis, lengthMillis, isPaced } = this.item.request;
		const asked = Math.max(0, startMillis);
		const fromMillis = start.fromMillis ?? asked;
		this.#setOffset(start.offsetMillis ?? 0);
		this.#continuesAt = start.continuesAtMillis;
		if (fromMillis === 0) this.#fixOffset(0);
		else this.#askedMillis = fromMillis;
		this.player.setBufferMillis(stream.bufferMillis);
		this.player.setFilter(stream.wantsAudio, stream.wantsVideo);
		if (stream.paused) this.player.pause();
		this.player.start({
			fromMillis,
			isSingle: lengthMillis === 0,
			isPaced,
			...(start.skipBeforeMillis !== undefined && { skipBeforeMillis: start.skipBeforeMillis }),
			...(lengthMillis > 0 && { untilMillis: asked + lengthMillis }),
		});
	}

	pause(paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		const stream = this.#stream;
		if (paused) {
			this.player.pause();
			stream.sendStatus(stream.status("NetStream.Pause.Notify", `Pausing ${stream.name}.`));
			stream.sendEvent(EVENT_STREAM_EOF);
			return;
		}
		stream.sendEvent(EVENT_STREAM_BEGIN);
		stream.sendStatus(stream.status("NetStream.Unpause.Notify", `Unpausing ${stream.name}.`));
		this.#tellStart();
		// Clients that do not know their position say 0.
		const knowsPlace = !keepsBuffer && positionMillis > 0;
		this.player.resume(knowsPlace ? positionMillis - this.#offset : undefined);
	}

	seek(positionMillis: number): void {
		const stream = this.#stream;
		// It has not been found out yet where the keyframe is that it begins with.
		this.#fixOffset(this.#askedMillis);
		const end = this.player.endMillis;
		if (positionMillis - this.#offset > end) {
			const latest = end + this.#offset;
			const text = `The stream ends at ${latest} ms.`;
			stream.sendStatus(stream.status("NetStream.Seek.InvalidTime", text, { details: latest }));
			return;
		}
		stream.sendEvent(EVENT_STREAM_IS_RECORDED);
		stream.sendEvent(EVENT_STREAM_BEGIN);
		const text = `Seeking ${positionMillis} (stream ID: ${stream.id}).`;
		stream.sendStatus(stream.status("NetStream.Seek.Notify", text));
		this.#tellStart();
		this.tellData();
		this.player.seek(Math.max(0, positionMillis - this.#offset));
	}

	setFilter(): void {
		this.player.setFilter(this.#stream.wantsAudio, this.#stream.wantsVideo);
	}

	setBuffer(): void {
		this.player.setBufferMillis(this.#stream.bufferMillis);
	}

	onDrain(): void {
		const { transport, blocks } = this.#environment;
		if (this.#block !== undefined && transport.isSpent) blocks.give(this.#block);
		this.#block = undefined;
		this.player.onDrain();
	}

	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.player.close();
		this.#source.release();
	}

	/** It waits for nobody: it reads on when the network has taken what it gave. */
	viewerStats(): undefined {}

	// ── the player ──

	isReady(): boolean {
		return this.#environment.transport.isReady();
	}

	onPlaced(millis: number): void {
		this.#fixOffset(millis);
	}

	send(batch: readonly MediaMessage[]): void {
		if (!this.#hasBegun) {
			this.#hasBegun = true;
			this.#observer.onFirstMedia(this);
		}
		const { transport, blocks } = this.#environment;
		const block = this.#framer.frame(batch);
		this.messagesSent += batch.length;
		transport.offer(block);
		// Nobody else has it, and nearly always the network has taken it at once.
		if (transport.isSpent) blocks.give(block);
		else if (!transport.isReady()) this.#block = block;
	}

	onBufferFilled(): void {
		this.#stream.sendEvent(EVENT_BUFFER_EMPTY);
		this.#environment.transport.flush();
	}

	onBufferRefilled(): void {
		this.#stream.sendEvent(EVENT_BUFFER_READY);
	}

	onEnd(): void {
		this.#observer.onPlayed(this);
	}

	onFailed(error: unknown): void {
		this.#observer.onFailed(this, error);
	}

	#tellStart(): void {
		const stream = this.#stream;
		stream.sendStatus(stream.status("NetStream.Play.Start", `Started playing ${stream.name}.`, { isFastPlay: false }));
	}

	/** The file's time that the place of its beginning on the player's clock stands for. */
	#fixOffset(millis: number): void {
		if (this.#continuesAt !== undefined) this.#setOffset(this.#continuesAt - millis);
		this.#continuesAt = undefined;
	}

	#setOffset(offsetMillis: number): void {
		if (offsetMillis === this.#offset) return;
		this.#offset = offsetMillis;
		this.#framer = this.#framerFor(offsetMillis);
	}

	#framerFor(offsetMillis: number): RtmpFramer {
		const { connection, id } = this.#stream;
		const memory = (length: number): Buffer => {
			const { buffer, byteOffset } = this.#environment.blocks.take(length);
			return Buffer.from(buffer, byteOffset, length);
		};
		return new RtmpFramer(connection.link.chunkSize, id, connection.objectEncoding, memory, offsetMillis);
	}
}

/** What libavformat says where its user sets nothing else. */
const FLASH_VERSION_OF_FFMPEG = "LNX 9,0,124,2";
