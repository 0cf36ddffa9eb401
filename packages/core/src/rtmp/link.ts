import type { MemoryPool, Slab } from "../bytes/index.ts";
import { LimitError, MillraceError, PeerError, TransportError } from "../fault/index.ts";
import { AcknowledgementCounter } from "./acknowledgement.ts";
import { type ChunkHandler, ChunkReader } from "./chunk-reader.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { HANDSHAKE_VERSION } from "./handshake-plain.ts";
import type { RtmpLimits } from "./limits.ts";
import { LinkCipher } from "./link-cipher.ts";
import {
	TYPE_ABORT,
	TYPE_ACKNOWLEDGEMENT,
	TYPE_SET_CHUNK_SIZE,
	TYPE_SET_PEER_BANDWIDTH,
	TYPE_USER_CONTROL,
	TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE,
} from "./message/message-type.ts";
import { decodeControlValue, encodeControlValue } from "./message/protocol-control.ts";
import {
	decodeUserControl,
	EVENT_PING_REQUEST,
	EVENT_PING_RESPONSE,
	encodeUserControl,
	type UserControl,
} from "./message/user-control.ts";
import { BudgetAccount, OBJECT_OVERHEAD_BYTES, type SharedBudget } from "./shared-budget.ts";

/** One side's handshake: takes bytes until it is done, and has bytes to send. */
export interface Handshake {
	/** Takes what it can use and returns how many bytes that were; the rest belongs to the chunk stream. */
	receive(bytes: Uint8Array, now: number): number;
	takeOutput(): Uint8Array[];
	readonly done: boolean;
	/** Once it is done: what everything afterwards is encrypted with; `undefined` where it is not. */
	readonly cipher?: LinkCipher | undefined;
	/** Once it is done: the byte with which it began. Default: 3. */
	readonly version?: number;
	/** Once it is done: the last 32 bytes of S1, which answers to a request for SWF verification are made with. */
	readonly verificationKey?: Uint8Array | undefined;
}

/** What a link reports. Methods may send or close; they must not call `receive`, `handleTimeout` or `takeOutput`. */
export interface LinkHandler {
	onHandshakeDone(): void;
	/** Every message but protocol control and pings, which the link answers itself. */
	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void;
	/** @param payload the whole message, for the events that hold more than numbers */
	onUserControl(control: UserControl, payload: Uint8Array): void;
	/**
	 * The shared budget has no room for what is queued: all output is to leave now, if it can. True: it has, and nothing
	 * waits. Without this method the link ends then.
	 */
	writeOutput?(): boolean;
	/** The link has ended, by `close` or a fault, and takes nothing more. Output that is queued may still be sent. */
	onClosed(reason: MillraceError | undefined): void;
}

/** Times and sizes of a link, in milliseconds and bytes. */
export type LinkOptions = {
	/** Longest silence during the handshake. Default 10 s. */
	readonly handshakeTimeoutMillis: number;
	/** Longest handshake altogether. Default 15 s. */
	readonly handshakeDeadlineMillis: number;
	/** How often the peer is sent a ping, which measures the round trip and shows whether a silent one lives. Default 10 s. */
	readonly pingIntervalMillis: number;
	/** Longest wait for the answer to a ping that somebody asked for. Default 5 s. */
	readonly pingTimeoutMillis?: number;
	/** A peer that is silent for this long, pings included, is given up. Default 30 s. */
	readonly readTimeoutMillis: number;
	readonly limits: RtmpLimits;
	/** What all connections together may hold; default: each is bound by its own limits alone. */
	readonly budget?: SharedBudget;
	/** Where the payloads of media go; shared by all connections. Default: each payload has an array of its own. */
	readonly slab?: Slab;
};

type PingWaiter = { readonly onAnswer: (roundTripMillis: number | undefined) => void; readonly deadline: number };

const DEFAULT_PING_TIMEOUT_MILLIS = 5000;
/** Protocol control and user control travel here (RTMP 1.0 §5.4). */
const CONTROL_CHUNK_STREAM = 2;

/**
 * What both roles of a connection share: handshake, chunks, protocol control, acknowledgements, pings and deadlines.
 * It touches no socket and no clock: the driver gives bytes and the time in milliseconds, and takes the output.
 */
export class RtmpLink implements ChunkHandler {
	/** Set while silence proves nothing: a viewer that has never answered a ping but takes what it is sent. */
	toleratesSilence = false;
	/** Round trip of the last ping in milliseconds; `undefined` before the first answer. */
	roundTripMillis: number | undefined;
	/** The same, smoothed over the last pings (RFC 6298 §2). */
	smoothedRoundTripMillis: number | undefined;
	/** Whole messages that came and, one by one, were sent; blocks that were framed elsewhere count as one. */
	messagesReceived = 0;
	messagesSent = 0;
	/** What this connection holds of the shared budget. */
	readonly account: BudgetAccount;
	/** What the account holds for bytes that have come and wait below for their end. */
	#heldByCarrier = 0;

	/** Dropped when it is done: it holds some kilobytes. */
	#handshake: Handshake | undefined;
	#cipher: LinkCipher | undefined;
	#handshakeVersion = HANDSHAKE_VERSION;
	#verificationKey: Uint8Array | undefined;
	/** Slices at the head of the output that belong to the handshake, which is not encrypted. */
	#plainSlices = 0;
	readonly #handler: LinkHandler;
	readonly #options: LinkOptions;
	readonly #reader: ChunkReader;
	readonly #writer = new ChunkWriter();
	readonly #acknowledgement = new AcknowledgementCounter();
	#peerAcknowledged = 0;
	/** The window that the peer was told of last. */
	#announcedWindow = -1;
	#output: Uint8Array[] = [];
	#outputBytes = 0;
	/** What the account holds for output that is queued, and for output that was taken and is not sent yet. */
	#chargedQueued = 0;
	#chargedTaken = 0;
	#closed = false;

	readonly #startedAt: number;
	#now: number;
	#lastReceivedAt: number;
	#nextPingAt: number;
	#answersPings = false;
	/** The value of the last ping; −1 before the first and after its answer. */
	#pingValue = -1;
	/** Who waits for the answer to a ping, and until when. */
	#pingWaiters: PingWaiter[] = [];

	constructor(handshake: Handshake, handler: LinkHandler, options: LinkOptions, now: number) {
		this.#handshake = handshake;
		this.#handler = handler;
		this.#options = options;
		const { limits } = options;
		this.account = new BudgetAccount(options.budget);
		const readerLimits = {
			messageBytes: limits.messageBytesBeforeConnect,
			partialBytes: limits.partialBytesBeforeConnect,
			chunkStreams: limits.chunkStreams,
		};
		this.#reader = new ChunkReader(this, readerLimits, this.account, options.slab);
		this.#startedAt = now;
		this.#now = now;
		this.#lastReceivedAt = now;
		this.#nextPingAt = now + options.pingIntervalMillis;
		this.#queueHandshake(handshake);
	}

	get closed(): boolean {
		return this.#closed;
	}

	/** Whether the connection is encrypted (RTMPE); false during the handshake. */
	get encrypted(): boolean {
		return this.#cipher !== undefined;
	}

	/** The byte with which the handshake began: 3, or 6, 8 or 9 for RTMPE; 3 during the handshake. */
	get handshakeVersion(): number {
		return this.#handshakeVersion;
	}

	/** The last 32 bytes of S1; `undefined` during the handshake, or where it kept none. */
	get verificationKey(): Uint8Array | undefined {
		return this.#verificationKey;
	}

	/** The time that the driver gave last. */
	get now(): number {
		return this.#now;
	}

	/** Bytes received after the handshake. */
	get bytesReceived(): number {
		return this.#acknowledgement.received;
	}

	/** What the peer said it received last (RTMP 1.0 §5.4.3); not monotonic with every peer. */
	get peerAcknowledged(): number {
		return this.#peerAcknowledged;
	}

	/** Bytes that `takeOutput` would return. */
	get outputBytes(): number {
		return this.#outputBytes;
	}

	/** Our chunk size in bytes. */
	get chunkSize(): number {
		return this.#writer.chunkSize;
	}

	/** When `handleTimeout` must be called at the latest, in milliseconds on the driver's clock. */
	get deadline(): number {
		if (this.#closed) return Number.POSITIVE_INFINITY;
		const options = this.#options;
		if (this.#handshake !== undefined) {
			return Math.min(
				this.#startedAt + options.handshakeDeadlineMillis,
				this.#lastReceivedAt + options.handshakeTimeoutMillis,
			);
		}
		const waiterAt = this.#pingWaiters[0]?.deadline ?? Number.POSITIVE_INFINITY;
		return Math.min(this.#nextPingAt, this.#lastReceivedAt + options.readTimeoutMillis, waiterAt);
	}

	/** Raises the limits to those of an accepted connection. */
	raiseLimits(): void {
		const { limits } = this.#options;
		this.#reader.setLimits({
			messageBytes: limits.messageBytes,
			partialBytes: limits.partialBytes,
			chunkStreams: limits.chunkStreams,
		});
	}

	/** Takes any piece of what the peer sent. A fault of the peer closes the link; nothing is thrown for it. */
	receive(bytes: Uint8Array, now: number): void {
		if (this.#closed) return;
		this.#now = now;
		this.#lastReceivedAt = now;
		try {
			let rest = bytes;
			const handshake = this.#handshake;
			if (handshake !== undefined) {
				const used = handshake.receive(bytes, now);
				this.#queueHandshake(handshake);
				if (!handshake.done) return;
				this.#handshake = undefined;
				this.#cipher = handshake.cipher;
				this.#handshakeVersion = handshake.version ?? HANDSHAKE_VERSION;
				this.#verificationKey = handshake.verificationKey;
				this.#plainSlices = this.#output.length;
				this.#handler.onHandshakeDone();
				rest = bytes.subarray(used);
			}
			if (rest.length === 0) return;
			this.#read(rest);
			const sequence = this.#acknowledgement.count(rest.length);
			if (sequence >= 0) this.sendControl(TYPE_ACKNOWLEDGEMENT, encodeControlValue(sequence));
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			this.close(error);
		}
	}

	/** Does what is due at `now`: sends a ping, or gives the peer up. Call it when `deadline` has come. */
	handleTimeout(now: number): void {
		if (this.#closed) return;
		this.#now = now;
		const options = this.#options;
		if (this.#handshake !== undefined) {
			if (now >= this.deadline) this.close(new PeerError("HANDSHAKE_TIMEOUT"));
			return;
		}
		if (now >= this.#lastReceivedAt + options.readTimeoutMillis) {
			if (!this.toleratesSilence || this.#answersPings) {
				this.close(
					new TransportError("PEER_SILENT", `Silent for ${Math.round((now - this.#lastReceivedAt) / 1000)} s.`),
				);
				return;
			}
			this.#lastReceivedAt = now;
		}
		if (now >= this.#nextPingAt) this.#sendPing();
		this.#settlePings(undefined, now);
	}

	/**
	 * Asks the peer whether it is there. `onAnswer` gets the round trip in milliseconds, or `undefined` where there was no
	 * answer in time or the link has ended.
	 *
	 * @param now the time, which need not be that of the last input
	 */
	ping(now: number, onAnswer: (roundTripMillis: number | undefined) => void): void {
		if (this.#closed || this.#handshake !== undefined) return onAnswer(undefined);
		this.#now = now;
		const deadline = this.#now + (this.#options.pingTimeoutMillis ?? DEFAULT_PING_TIMEOUT_MILLIS);
		this.#pingWaiters.push({ onAnswer, deadline });
		// A question that is under way is not asked again: many may want to know.
		if (this.#pingWaiters.length === 1) this.#sendPing();
	}

	/**
	 * Takes the queued slices, in order; they are the caller's from then on. Those of an encrypted connection are
	 * encrypted copies, and must leave before anything that is sealed later. The budget counts them until `outputSent`.
	 */
	takeOutput(): Uint8Array[] {
		const output = this.#output;
		const cipher = this.#cipher;
		if (cipher !== undefined) {
			for (let i = this.#plainSlices; i < output.length; i++) output[i] = cipher.seal(output[i]!);
			this.#plainSlices = 0;
		}
		this.#output = [];
		this.#outputBytes = 0;
		this.#chargedTaken += this.#chargedQueued;
		this.#chargedQueued = 0;
		return output;
	}

	/**
	 * What must be written to the wire for a framed block that leaves past the queue, when all output has been taken: the
	 * block itself, or an encrypted copy, in memory of `pool` if there is one.
	 */
	seal(block: Uint8Array, pool?: MemoryPool): Uint8Array {
		return this.#cipher === undefined ? block : this.#cipher.seal(block, pool);
	}

	/** All output that was taken has left. */
	outputSent(): void {
		if (this.#chargedTaken === 0 || this.#closed) return;
		this.account.remove(this.#chargedTaken);
		this.#chargedTaken = 0;
	}

	/** Queues one message. */
	send(chunkStreamId: number, type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (this.#closed) return;
		this.messagesSent++;
		this.#queue(this.#writer.write(chunkStreamId, type, timestamp, streamId, payload));
	}

	/** Queues a protocol or user control message. */
	sendControl(type: number, payload: Uint8Array): void {
		this.send(CONTROL_CHUNK_STREAM, type, 0, 0, payload);
	}

	/** Queues bytes that are framed already, whole messages only, on chunk streams that `send` does not use. */
	sendFramed(block: Uint8Array): void {
		if (this.#closed) return;
		this.messagesSent++;
		this.#queue(block);
	}

	/** Announces a chunk size and uses it from the next message on. */
	setChunkSize(bytes: number): void {
		this.sendControl(TYPE_SET_CHUNK_SIZE, encodeControlValue(bytes));
		this.#writer.chunkSize = bytes;
	}

	/** Tells the peer after how many bytes it must acknowledge, unless it knows (RTMP 1.0 §5.4.4). */
	announceWindow(bytes: number): void {
		if (bytes === this.#announcedWindow) return;
		this.#announcedWindow = bytes;
		this.sendControl(TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE, encodeControlValue(bytes));
	}

	/**
	 * So many bytes that came are kept below, in what carries the link, because their end is missing. False: the
	 * shared budget has no room for them, and the link has ended.
	 */
	heldByCarrier(bytes: number): boolean {
		const more = bytes - this.#heldByCarrier;
		if (more > 0 && !this.account.add(more)) {
			this.close(new LimitError("SHARED_BYTES_SPENT", `${bytes} bytes wait for the end of a message.`));
			return false;
		}
		if (more < 0) this.account.remove(-more);
		this.#heldByCarrier = bytes;
		return true;
	}

	/** Ends the link; `reason` is the fault, where there was one. Later calls change nothing. */
	close(reason?: MillraceError): void {
		if (this.#closed) return;
		this.#closed = true;
		this.account.close();
		this.#settlePings(undefined, Number.POSITIVE_INFINITY);
		this.#handler.onClosed(reason);
	}

	/** The chunk reader's messages. */
	onMessage(type: number, timestamp: number, streamId: number, payload: Uint8Array): void {
		if (this.#closed) return;
		this.messagesReceived++;
		switch (type) {
			case TYPE_SET_CHUNK_SIZE:
			case TYPE_ABORT:
				return;
			case TYPE_ACKNOWLEDGEMENT:
				this.#peerAcknowledged = decodeControlValue(payload) ?? this.#peerAcknowledged;
				return;
			case TYPE_WINDOW_ACKNOWLEDGEMENT_SIZE:
				this.#acknowledgement.setWindow(decodeControlValue(payload) ?? 0);
				return;
			case TYPE_SET_PEER_BANDWIDTH:
				// RTMP 1.0 §5.4.5: answered with the window where that is news to the peer; it does not slow us.
				this.announceWindow(decodeControlValue(payload) ?? this.#announcedWindow);
				return;
			case TYPE_USER_CONTROL:
				this.#onUserControl(payload);
				return;
			default:
				this.#handler.onMessage(type, timestamp, streamId, payload);
		}
	}

	#onUserControl(payload: Uint8Array): void {
		const control = decodeUserControl(payload);
		if (control === undefined) return;
		if (control.event === EVENT_PING_REQUEST) {
			this.sendControl(TYPE_USER_CONTROL, encodeUserControl(EVENT_PING_RESPONSE, control.value));
		} else if (control.event === EVENT_PING_RESPONSE) {
			this.#answersPings = true;
			// An answer that was not asked for, or to an older question, measures nothing.
			if (control.value !== this.#pingValue) return;
			this.#pingValue = -1;
			const roundTrip = ((this.#now >>> 0) - control.value) | 0;
			const before = this.smoothedRoundTripMillis;
			this.roundTripMillis = roundTrip;
			this.smoothedRoundTripMillis = before === undefined ? roundTrip : before + (roundTrip - before) / 8;
			this.#settlePings(roundTrip, Number.POSITIVE_INFINITY);
		} else {
			this.#handler.onUserControl(control, payload);
		}
	}

	#sendPing(): void {
		this.#nextPingAt = this.#now + this.#options.pingIntervalMillis;
		this.#pingValue = this.#now >>> 0;
		this.sendControl(TYPE_USER_CONTROL, encodeUserControl(EVENT_PING_REQUEST, this.#pingValue));
	}

	/** Answers those whose time is over at `now`. */
	#settlePings(roundTripMillis: number | undefined, now: number): void {
		const waiters = this.#pingWaiters;
		if (waiters.length === 0 || waiters[0]!.deadline > now) return;
		this.#pingWaiters = waiters.filter(({ deadline }) => deadline > now);
		for (const { onAnswer, deadline } of waiters) if (deadline <= now) onAnswer(roundTripMillis);
	}

	#read(bytes: Uint8Array): void {
		const cipher = this.#cipher;
		if (cipher === undefined) {
			this.#reader.receive(bytes);
			return;
		}
		for (let at = 0; at < bytes.length && !this.#closed; at += LinkCipher.PIECE_BYTES) {
			this.#reader.receive(cipher.open(bytes.subarray(at, at + LinkCipher.PIECE_BYTES)));
		}
	}

	#queueHandshake(handshake: Handshake): void {
		for (const slice of handshake.takeOutput()) this.#queue(slice);
	}

	#queue(slice: Uint8Array): void {
		this.#output.push(slice);
		this.#outputBytes += slice.length;
		const limit = this.#options.limits.outputBytes;
		if (this.#outputBytes > limit) {
			this.#dropOutput(new LimitError("OUTPUT_TOO_LARGE", `The limit is ${limit} bytes.`));
			return;
		}
		const charge = slice.length + OBJECT_OVERHEAD_BYTES;
		if (this.account.add(charge)) this.#chargedQueued += charge;
		// A peer that takes everything at once holds nothing, whatever others do.
		else if (this.#handler.writeOutput?.() !== true)
			this.#dropOutput(new LimitError("SHARED_BYTES_SPENT", `${this.#outputBytes} bytes of answers wait here.`));
	}

	#dropOutput(reason: LimitError): void {
		this.#output = [];
		this.#outputBytes = 0;
		this.close(reason);
	}
}
