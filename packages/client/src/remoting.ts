import {
	type AmfClassRegistry,
	type AmfObject,
	type AmfValue,
	decodeRemoting,
	type ObjectEncoding,
	parseAnswerTarget,
	type RemotingHeader,
	type RemotingPacket,
	RemotingWriter,
} from "@millrace/core/amf";
import { type FaultCode, MillraceError } from "@millrace/core/fault";
import { type NetStatus, netStatus, type StatusCode } from "@millrace/core/rtmp";
import type { ClientPlatform, Poster, PostOutcome } from "./connect/index.ts";
import { ArgumentError } from "./errors.ts";

/** What becomes of a call; at most one of `onResult`, `onFault` and `onLost` is called, once. */
export type RemotingAnswer = {
	onResult(value: AmfValue): void;
	/** The server says that the call failed. */
	onFault(value: AmfValue): void;
	/** There is no answer, or none that could be read. `undefined`: the connection was closed here. */
	onLost(info: NetStatus | undefined): void;
	/** What the server tells of the call beside its answer. */
	onDebugEvents(value: AmfValue): void;
};

/** What remoting needs of its connection. */
export type RemotingHost = {
	readonly platform: ClientPlatform;
	readonly classes: AmfClassRegistry;
	/** Longest wait for an answer. */
	readonly timeoutMillis: number;
	/** The encoding of packets that begin now. */
	objectEncoding(): ObjectEncoding;
	/** A request has failed as a whole. */
	onStatus(info: NetStatus): void;
	/** The user's own method for a header of an answer. False: there is none. */
	onHeader(name: string, value: AmfValue): boolean;
	warn(text: string): void;
};

/** Calls of one packet; what is called besides in the same turn goes into the next. */
const MAX_CALLS = 256;

/**
 * The address of a gateway; `undefined`: it is one of another kind.
 *
 * @throws ArgumentError for what begins like one and is no address
 */
export function parseGatewayAddress(address: string): URL | undefined {
	if (!/^\s*https?:/i.test(address)) return undefined;
	const url = URL.parse(address);
	if (url === null) {
		// The password stays out of the error's text.
		const shown = JSON.stringify(address.slice(0, 200).replace(/\/\/[^/?#]*@/, "//…@"));
		throw new ArgumentError(`${shown} is no address of a gateway.`);
	}
	return url;
}

/**
 * Flash Remoting (AMF over HTTP): what is called in one turn of the event loop goes to the gateway in one packet. Until
 * something is called, nothing is sent, and nothing is known of the gateway.
 */
export class Remoting {
	readonly #host: RemotingHost;
	/** What every packet says, until it is taken back; it outlives the gateway. */
	readonly #headers = new Map<string, RemotingHeader>();
	#gateway: Gateway | undefined;
	#batch: Batch | undefined;
	readonly #sent = new Set<Batch>();
	#nextCall = 1;

	constructor(host: RemotingHost) {
		this.#host = host;
	}

	/** `http` or `https`; `undefined`: there is no gateway. */
	get protocol(): "http" | "https" | undefined {
		if (this.#gateway === undefined) return undefined;
		return this.#gateway.isSecure ? "https" : "http";
	}

	/** Which one is open; it differs from that of an earlier `open`. */
	get gateway(): object | undefined {
		return this.#gateway;
	}

	/** From now on calls go there. Nothing must be open. */
	open(url: URL): void {
		this.#gateway = new Gateway(this.#host.platform, url);
	}

	/** Calls that are not answered are lost. */
	close(): void {
		this.#gateway?.end();
		this.#gateway = undefined;
		const lost = [...this.#sent, ...(this.#batch === undefined ? [] : [this.#batch])];
		this.#batch?.stopTimer?.();
		this.#batch = undefined;
		this.#sent.clear();
		for (const batch of lost) {
			batch.abort?.();
			this.#lose(batch, undefined);
		}
	}

	/** @throws UsageError for values that cannot be sent */
	call(name: string, args: readonly AmfValue[], answer: RemotingAnswer): void {
		const batch = this.#openBatch();
		const response = `/${this.#nextCall}`;
		batch.writer.call(name, response, args);
		this.#nextCall++;
		batch.answers.set(response, answer);
	}

	/** Sets a header of all packets from now on. */
	setHeader(header: RemotingHeader): void {
		this.#headers.set(header.name, header);
	}

	removeHeader(name: string): void {
		this.#headers.delete(name);
	}

	#openBatch(): Batch {
		if (this.#batch !== undefined && this.#batch.answers.size >= MAX_CALLS) this.#flush(this.#batch);
		if (this.#batch === undefined) {
			const writer = new RemotingWriter(this.#host.objectEncoding(), { classes: this.#host.classes });
			const batch: Batch = { writer, answers: new Map(), stopTimer: undefined, abort: undefined };
			batch.stopTimer = this.#host.platform.after(0, () => this.#flush(batch));
			this.#batch = batch;
		}
		return this.#batch;
	}

	#flush(batch: Batch): void {
		batch.stopTimer?.();
		this.#batch = undefined;
		const gateway = this.#gateway;
		if (batch.answers.size === 0 || gateway === undefined) return;
		try {
			for (const header of this.#headers.values()) batch.writer.header(header);
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			this.#fail(batch, "NetConnection.Call.Failed", error.message, gateway);
			return;
		}
		this.#sent.add(batch);
		batch.abort = gateway.post(batch.writer.finish(), this.#host.timeoutMillis, outcome => {
			if (this.#sent.delete(batch)) this.#take(batch, outcome, gateway);
		});
	}

	#take(batch: Batch, outcome: PostOutcome, gateway: Gateway): void {
		if ("error" in outcome) {
			this.#fail(batch, "NetConnection.Call.Failed", "HTTP: Failed", gateway, outcome.error.message);
			return;
		}
		if (outcome.status !== 200) {
			this.#fail(batch, "NetConnection.Call.Failed", `HTTP: Status ${outcome.status}`, gateway);
			return;
		}
		let packet: RemotingPacket;
		try {
			packet = decodeRemoting(outcome.body, { classes: this.#host.classes, maxMessages: MAX_ANSWERS });
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			this.#fail(batch, "NetConnection.Call.BadVersion", undefined, gateway, error.code);
			return;
		}
		for (const header of packet.headers) this.#takeHeader(header, gateway);
		for (const { target, value } of packet.messages) {
			const { response = "", kind } = parseAnswerTarget(target) ?? {};
			const answer = batch.answers.get(response);
			if (kind === "debug") {
				answer?.onDebugEvents(value);
				continue;
			}
			batch.answers.delete(response);
			if (kind === "result") answer?.onResult(value);
			else answer?.onFault(value);
		}
		// A call that the gateway has left out will not be answered by any other packet.
		this.#lose(batch, netStatus("NetConnection.Call.Failed", "The gateway has not answered the call."));
	}

	/** The user's methods go before what the library does, as in ActionScript, where there were none but those. */
	#takeHeader({ name, value }: RemotingHeader, gateway: Gateway): void {
		if (this.#host.onHeader(name, value)) return;
		switch (name) {
			case "AppendToGatewayUrl":
				if (typeof value === "string") gateway.append(value);
				return;
			case "ReplaceGatewayUrl":
				if (typeof value === "string" && !gateway.replace(value)) {
					this.#host.warn(
						`The gateway ${gateway.address} sends elsewhere, where calls would be less safe: it is not done.`,
					);
				}
				return;
			case "RequestPersistentHeader":
				this.#takePersistentHeader(value);
		}
	}

	#takePersistentHeader(value: AmfValue): void {
		const { name, mustUnderstand, data } = (typeof value === "object" && value !== null ? value : {}) as AmfObject;
		if (typeof name !== "string" || this.#headers.size >= MAX_HEADERS) return;
		this.setHeader({ name, mustUnderstand: mustUnderstand === true, value: data });
	}

	#fail(batch: Batch, code: StatusCode, text: string | undefined, gateway: Gateway, reason?: string | FaultCode): void {
		const info = netStatus(code, text, { details: gateway.address, ...(reason !== undefined && { reason }) });
		this.#host.onStatus(info);
		this.#lose(batch, info);
	}

	#lose(batch: Batch, info: NetStatus | undefined): void {
		const answers = [...batch.answers.values()];
		batch.answers.clear();
		for (const answer of answers) answer.onLost(info);
	}
}

/** Calls that go or have gone together. */
type Batch = {
	readonly writer: RemotingWriter;
	/** By what the calls are answered to. */
	readonly answers: Map<string, RemotingAnswer>;
	stopTimer: (() => void) | undefined;
	abort: (() => void) | undefined;
};

/** Answers and debug events of one packet. */
const MAX_ANSWERS = 4 * MAX_CALLS;
/** A server must not fill the memory with what it asks to be said. */
const MAX_HEADERS = 64;

/** Where calls go: it changes when the server says so. */
class Gateway {
	readonly #platform: ClientPlatform;
	#url: URL;
	/** What the server has asked to be put behind the path. */
	#suffix = "";
	#poster: Poster;

	constructor(platform: ClientPlatform, url: URL) {
		this.#platform = platform;
		this.#url = url;
		this.#poster = this.#open();
	}

	get isSecure(): boolean {
		return this.#url.protocol === "https:";
	}

	/** The address as it is asked for, without user and password. */
	get address(): string {
		return this.#url.origin + this.#path;
	}

	get #path(): string {
		// Together they are an address: what a server adds cannot be anything but a part of the path.
		const { pathname, search } = new URL(`${this.#url.origin}${this.#url.pathname}${this.#suffix}`);
		return pathname + (this.#url.search === "" ? search : this.#url.search);
	}

	append(suffix: string): void {
		this.#suffix = suffix;
	}

	/** False: it is no address of a gateway, or one without TLS where there was TLS. */
	replace(address: string): boolean {
		const url = URL.parse(address, this.#url.href);
		const isGateway = url?.protocol === "https:" || (url?.protocol === "http:" && !this.isSecure);
		if (url === null || !isGateway) return false;
		const isElsewhere = url.origin !== this.#url.origin;
		this.#url = url;
		this.#suffix = "";
		// The old one may still wait for answers; its connections end when they are idle.
		if (isElsewhere) this.#poster = this.#open();
		return true;
	}

	post(body: Uint8Array, timeoutMillis: number, done: (outcome: PostOutcome) => void): () => void {
		return this.#poster.post({ path: this.#path, body, timeoutMillis }, done);
	}

	end(): void {
		this.#poster.end(undefined);
	}

	#open(): Poster {
		const { hostname, port } = this.#url;
		return this.#platform.openGateway({
			host: hostname.replace(/^\[|\]$/g, ""),
			port: port === "" ? (this.isSecure ? 443 : 80) : Number(port),
			isSecure: this.isSecure,
		});
	}
}
