import type { AmfValue } from "@millrace/core/amf";
import { MillraceError, TransportError, UsageError } from "@millrace/core/fault";
import type { MediaType } from "@millrace/core/flv";
import {
	type Call,
	type ConnectRequest,
	type NetStatus,
	netStatus,
	type PlayRequest,
	type PublishRequest,
	type Responder,
	ServerConnection,
	type ServerConnectionHandler,
	ServerHandshake,
	type ServerStream,
	type StreamAddress,
} from "@millrace/core/rtmp";
import {
	type Admission,
	type ApplicationInstance,
	type ClientFacts,
	type InstanceClient,
	type PermissionHandler,
	type PublishStats,
	type SharedObjectType,
	type StreamFacts,
	StreamName,
	splitApplication,
} from "../app/index.ts";
import type { PacedInput } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { Wire, WireHandler } from "../net/index.ts";
import type { BandwidthRules } from "./bandwidth-rules.ts";
import { EdgeClient, EdgePlayDesk, type EdgeTarget, edgeRefusal, edgeTarget } from "./edge/index.ts";
import type { ApplicationRules, ClientTransport, PeerContext } from "./peer-context.ts";
import { type LineHost, PeerLine } from "./peer-line.ts";
import { joinSlices, protocolName, protocolRefusal, SWF_REJECTED } from "./peer-words.ts";
import { PlayDesk, type PlayDeskStats, type PlayHost } from "./play-desk.ts";
import { PublishDesk, type PublishHost, publishFacts } from "./publish-desk.ts";
import { SwfCheck } from "./swf-check.ts";

/** Calls of the client that the application has not answered; more are refused. */
const MAX_OPEN_CALLS = 1024;
/** What a client is a client of: an instance of this server, or another server. */
type PeerInstance = Pick<ApplicationInstance, "call" | "whenCallsAreHandled" | "sharedObject" | "ask" | "tell">;
/** Answers to what came together leave together, but no more of them wait than this, in bytes. */
const TURN_OUTPUT_BYTES = 16 * 1024;

/**
 * One RTMP client: joins its wire, its protocol connection, its application instance and its streams in the hub. It
 * decides nothing itself: static policy first, then the application, then whether the name is free.
 */
export class RtmpPeer implements ServerConnectionHandler, InstanceClient, WireHandler, PlayHost, PublishHost, LineHost {
	readonly id: string;
	readonly connection: ServerConnection;
	/** What is carried to and from the client: measures, limits and checks. */
	readonly line: PeerLine;
	readonly #context: PeerContext;
	readonly #wire: Wire;
	readonly #log: EventLog;
	readonly #transport: ClientTransport;
	readonly #onGone: (peer: RtmpPeer) => void;
	/** Made when the client first publishes, or plays: many only connect. */
	#publishDesk: PublishDesk | undefined;
	#playDesk: PlayDesk | EdgePlayDesk | undefined;
	readonly #calls = new Map<number, Call>();
	/** Of a client that goes to another server. */
	#edge: EdgeClient | undefined;
	#nextCall = 1;
	#facts: ClientFacts | undefined;
	#application = "";
	#rules: ApplicationRules | undefined;
	#instance: PeerInstance | undefined;
	/** The instance where it is one of this server. */
	#own: ApplicationInstance | undefined;
	/** While the client is to prove its SWF file; its `connect` is pending then. */
	#swfCheck: SwfCheck | undefined;
	/** When the client last did something; infinite where that does not matter. */
	#activeAt = Number.POSITIVE_INFINITY;
	/** How many hold back what is queued, so that it leaves in one write. */
	#holds = 0;
	#ended = false;
	#faulted = false;

	constructor(
		id: string,
		wire: (handler: WireHandler) => Wire,
		transport: ClientTransport,
		context: PeerContext,
		onGone: (peer: RtmpPeer) => void,
	) {
		this.id = id;
		this.#context = context;
		this.#transport = transport;
		this.#onGone = onGone;
		this.#wire = wire(this);
		this.line = new PeerLine(this, this.#wire, context);
		const via = transport.protocol === "rtmp" ? undefined : transport.protocol;
		this.#log = context.log.child({ connection: id, from: this.#wire.remoteAddress, via });
		const handshake = new ServerHandshake({ random: context.random, encryption: context.encryption });
		this.connection = new ServerConnection(handshake, this, { ...context.connection, clientId: id }, context.now());
	}

	get #play(): PlayDesk | EdgePlayDesk {
		this.#playDesk ??= this.#makePlayDesk();
		return this.#playDesk;
	}

	#makePlayDesk(): PlayDesk | EdgePlayDesk {
		const edge = this.#edge;
		if (edge === undefined) return new PlayDesk(this.#context, this, this.#log);
		const { catalog: _ownFiles, ...context } = this.#context;
		return new EdgePlayDesk(edge, this, new PlayDesk(context, this, this.#log));
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		const never = Number.POSITIVE_INFINITY;
		return Math.min(this.connection.deadline, this.#swfCheck?.deadline ?? never, this.line.deadline, this.#idleAt);
	}

	handleTimeout(now: number): void {
		if (now >= (this.#swfCheck?.deadline ?? Number.POSITIVE_INFINITY)) this.#endSwfCheck(false, "no answer");
		if (now >= this.#idleAt) this.#endIdle(now);
		this.line.handleTimeout(now);
		this.connection.handleTimeout(now);
		this.flush();
	}

	get #idleAt(): number {
		return this.#activeAt + (this.#context.idleClientMillis ?? 0);
	}

	#endIdle(now: number): void {
		// Media and files that are on their way are no idleness; looked at only when the time is over, they cost nothing.
		if ((this.#publishDesk?.size ?? 0) + (this.#playDesk?.size ?? 0) > 0) this.#activeAt = now;
		else {
			this.#log.info("idle-client", {});
			this.connection.closeGracefully(netStatus("NetConnection.Connect.IdleTimeout"));
		}
	}

	/** The client has done something. */
	#act(): void {
		if (this.#activeAt !== Number.POSITIVE_INFINITY) this.#activeAt = this.#context.now();
	}

	/** The server stops: the client is told, and the connection ends. */
	stop(): void {
		if (this.connection.connected) this.connection.closeGracefully(netStatus("NetConnection.Connect.AppShutdown"));
		else this.connection.link.close();
		this.flush();
	}

	/** Ends at once, for a client that does not read its goodbye. */
	destroy(): void {
		this.#wire.destroy();
	}

	// ── the wire ──

	onWireData(bytes: Uint8Array): void {
		try {
			this.holdOutput();
			this.connection.receive(bytes, this.#context.now());
			this.line.received(bytes.length);
			this.#holds--;
			this.endTurn();
		} catch (error) {
			// A fault of ours: it costs this client its connection, and nobody else anything.
			this.#log.error("fault", { error });
			this.#wire.destroy();
		}
	}

	onWireHeld(bytes: number): void {
		// Its goodbye would have to wait until the message is complete.
		if (!this.connection.link.heldByCarrier(bytes)) this.#wire.destroy();
	}

	onWireDrain(): void {
		this.connection.link.outputSent();
		this.flush();
		this.#playDesk?.onDrain(this.#context.now());
	}

	onWireClosed(error: Error | undefined): void {
		this.connection.link.close(
			error === undefined || error instanceof MillraceError
				? error
				: new TransportError("CONNECTION_LOST", error.message, { cause: error }),
		);
		this.#onGone(this);
	}

	offer(block: Uint8Array): boolean {
		const wire = this.#wire;
		if (wire.backlog > 0) {
			wire.notifyDrain();
			return false;
		}
		if (this.connection.link.outputBytes > 0) this.#writeOutput();
		const { blocks } = this.#context;
		const sealed = this.connection.link.seal(block, blocks);
		wire.write(sealed);
		this.line.sent(block.length);
		// An encrypted copy is this viewer's alone.
		if (sealed !== block && wire.isSpent) blocks?.give(sealed);
		return true;
	}

	get isThrottled(): boolean {
		return this.line.isThrottled;
	}

	isReady(): boolean {
		if (this.isThrottled) return false;
		if (this.#wire.backlog === 0) return true;
		this.#wire.notifyDrain();
		return false;
	}

	get isSpent(): boolean {
		return this.#wire.isSpent;
	}

	/** Sends what the connection has queued, unless the client has not taken what was sent before. */
	flush(): void {
		if (this.#holds > 0 && this.connection.link.outputBytes < TURN_OUTPUT_BYTES) return;
		const isRead = this.#wire.backlog === 0;
		if (this.connection.link.outputBytes > 0) {
			if (isRead || this.#ended) this.#writeOutput();
			else this.#wire.notifyDrain();
		}
		// Who is closed for a fault and does not read gets no goodbye either: what waits for it is let go of at once.
		if (this.#ended && this.#faulted && !isRead) this.#wire.destroy();
		else if (this.#ended) this.#wire.end();
	}

	writeOutput(): boolean {
		if (this.#wire.backlog > 0) return false;
		this.#writeOutput();
		return this.#wire.backlog === 0;
	}

	holdOutput(): void {
		this.#holds++;
	}

	releaseOutput(): void {
		this.#holds--;
		this.flush();
	}

	/** What came together, or was held together, has been given. */
	endTurn(): void {
		this.#publishDesk?.endTurn();
		this.flush();
	}

	#writeOutput(): void {
		const { link } = this.connection;
		const length = link.outputBytes;
		const slices = link.takeOutput();
		this.#wire.write(slices.length === 1 ? slices[0]! : joinSlices(slices, length));
		this.line.sent(length);
		if (this.#wire.backlog === 0) link.outputSent();
		else this.#wire.notifyDrain();
	}

	// ── connect ──

	onConnect(request: ConnectRequest): void {
		const target = edgeTarget(request.app);
		if (target !== undefined) {
			this.#connectEdge(request, target);
			return;
		}
		this.#application = this.#context.applicationOf?.(request) ?? request.application;
		const rules = this.#application === "" ? undefined : this.#context.application(this.#application);
		if (rules === undefined) {
			const host = splitApplication(this.#application).host ?? "_defaultVHost_";
			const text = `[ Server.Reject ] : (_defaultRoot_, ${host}) : Application (${request.application}) is not defined.`;
			this.#log.warn("reject", { application: request.application, reason: "unknown application" });
			this.connection.rejectConnect(netStatus("NetConnection.Connect.InvalidApp", text));
			return;
		}
		const refusal = this.#context.rejection() ?? protocolRefusal(rules, this.#protocol);
		if (refusal !== undefined) {
			this.reject(refusal);
			return;
		}
		this.#rules = rules;
		this.#facts = this.#factsOf(request);
		if (rules.swf === undefined || rules.swf.isExempt(request.flashVer)) this.#enter(request);
		else this.#swfCheck = new SwfCheck(rules.swf, this.connection.link, request.instance);
	}

	/** A client that wants to reach another server through this one. */
	#connectEdge(request: ConnectRequest, target: EdgeTarget): void {
		const { edge } = this.#context;
		const refusal = this.#context.rejection() ?? edgeRefusal(target, edge?.origins ?? []);
		if (edge === undefined || refusal !== undefined) {
			this.reject(refusal ?? netStatus("NetConnection.Connect.Rejected"));
			return;
		}
		this.#rules = edge.rules;
		this.#facts = this.#factsOf(request);
		this.#edge = new EdgeClient(edge, target, request, this);
		this.#instance = this.#edge;
		this.#edge.connect();
	}

	#factsOf(request: ConnectRequest): ClientFacts {
		const virtualKey = this.#rules?.virtualKeyOf?.(request.flashVer);
		return {
			id: this.id,
			remoteAddress: this.#wire.remoteAddress,
			protocol: this.#protocol,
			secure: this.#transport.secure,
			tcUrl: request.tcUrl,
			pageUrl: request.pageUrl,
			swfUrl: request.swfUrl,
			flashVer: request.flashVer,
			query: request.query,
			objectEncoding: request.objectEncoding,
			protocolVersion: this.connection.link.handshakeVersion,
			args: request.args,
			...(virtualKey !== undefined && { virtualKey }),
		};
	}

	onSwfAnswer(payload: Uint8Array): void {
		const isKnown = this.#swfCheck?.judge(payload);
		if (isKnown !== undefined) this.#endSwfCheck(isKnown, "the file is not known");
	}

	#endSwfCheck(isKnown: boolean, trouble: string): void {
		this.#swfCheck = undefined;
		const request = this.connection.request!;
		if (isKnown) {
			this.#enter(request);
			return;
		}
		const { application, swfUrl, flashVer } = request;
		this.#log.warn("reject", { application, reason: `swf verification: ${trouble}`, swfUrl, flashVer });
		this.connection.rejectConnect(netStatus("NetConnection.Connect.Rejected", SWF_REJECTED));
		this.flush();
	}

	#enter(request: ConnectRequest): void {
		const allowance = this.#rules?.allowance;
		const refusal = allowance?.refusal();
		if (refusal !== undefined) return this.reject(refusal);
		allowance?.enter();
		this.#own = this.#context.instances.open(this.#application, request.instance);
		this.#instance = this.#own;
		this.#own.connect(this);
	}

	/** What the client speaks: encrypted RTMP is told by its handshake. */
	get #protocol(): string {
		const { protocol } = this.#transport;
		return protocolName(protocol, this.connection.link.encrypted);
	}

	get rules(): ApplicationRules {
		if (this.#rules === undefined) throw new Error("The client has not connected.");
		return this.#rules;
	}

	get facts(): ClientFacts {
		if (this.#facts === undefined) throw new Error("The client has not connected.");
		return this.#facts;
	}

	accept({ isMeasured = false }: Admission): void {
		const { request } = this.connection;
		const { protocol } = this.facts;
		this.#log.debug("connect", { application: request?.app, flashVer: request?.flashVer, protocol });
		this.line.begin();
		const measures = isMeasured && this.line.isMeasuring;
		this.connection.acceptConnect(undefined, measures);
		if (measures) this.line.checkBandwidth();
		if ((this.#context.idleClientMillis ?? 0) > 0) this.#activeAt = this.#context.now();
		this.endTurn();
	}

	reject(status: NetStatus): void {
		this.#log.warn("reject", { application: this.connection.request?.app, reason: status.description });
		this.connection.rejectConnect(status);
		this.flush();
	}

	close(status?: NetStatus): void {
		this.connection.closeGracefully(status);
		this.flush();
	}

	// ── calls ──

	onCall(call: Call): void {
		this.#act();
		const isClaimed = this.handlesCall(call.name);
		if (!isClaimed && this.line.answer(call)) return;
		let id = 0;
		// One that the server may have to answer is kept although no answer is wanted: there is more to it than that.
		if (call.transactionId !== 0 || isClaimed) {
			if (this.#calls.size >= MAX_OPEN_CALLS) {
				this.connection.sendError(call, netStatus("NetConnection.Call.Failed", "Too many calls are open."));
				return;
			}
			id = this.#nextCall++;
			this.#calls.set(id, call);
		}
		this.#instance?.call(this, id, call.name, call.args);
	}

	handlesCall(name: string): boolean {
		return this.#own?.handles(name) ?? false;
	}

	answerCall(id: number): void {
		const call = this.#takeCall(id);
		if (call === undefined) return;
		if (!this.line.answer(call) && !this.connection.answerCall(call)) {
			this.connection.sendError(call, netStatus("NetConnection.Call.Failed", `Method not found (${call.name}).`));
		}
		this.flush();
	}

	sampleAccess(stream: ServerStream): { readonly audio: boolean; readonly video: boolean } {
		return this.#own?.sampleAccess(this, stream.name) ?? { audio: true, video: true };
	}

	awaitCalls(proceed: () => void): boolean {
		const settle = () => {
			proceed();
			this.endTurn();
		};
		return this.#instance?.whenCallsAreHandled(this, settle) ?? false;
	}

	onSharedObject(type: SharedObjectType, body: Uint8Array): void {
		this.#act();
		this.#instance?.sharedObject(this, type, body);
	}

	sendSharedObject(type: SharedObjectType, body: Uint8Array): void {
		this.#act();
		this.connection.sendSharedObject(type, body);
		this.flush();
	}

	/**
	 * Calls a method of the client. A responder gets its answer, or an error: where the client takes longer than
	 * `callTimeoutMillis`, has gone (`undefined`), or too many calls wait. False: the call was not sent.
	 *
	 * @throws UsageError AMF_UNENCODABLE
	 */
	callMethod(name: string, args: readonly AmfValue[], responder?: Responder): boolean {
		this.#act();
		const isSent = this.connection.call(name, args, responder, this.#context.now());
		this.flush();
		return isSent;
	}

	sendResult(id: number, value: AmfValue): void {
		const call = this.#takeCall(id);
		if (call === undefined) return;
		try {
			this.connection.sendResult(call, value);
		} catch (error) {
			// What the application answered cannot be said in this client's encoding.
			if (!(error instanceof UsageError)) throw error;
			this.connection.sendError(call, netStatus("NetConnection.Call.Failed", error.message));
		}
		this.flush();
	}

	sendError(id: number, status: NetStatus): void {
		const call = this.#takeCall(id);
		if (call !== undefined) this.connection.sendError(call, status);
		this.flush();
	}

	#takeCall(id: number): Call | undefined {
		const call = this.#calls.get(id);
		this.#calls.delete(id);
		return call;
	}

	// ── the line ──

	get bandwidthRules(): BandwidthRules | undefined {
		return this.rules.bandwidth;
	}

	mayRest(): boolean {
		return this.#publishDesk?.size === 1 && (this.#playDesk?.size ?? 0) === 0;
	}

	onUnthrottled(now: number): void {
		this.#playDesk?.onDrain(now);
	}

	playStats(now: number): PlayDeskStats | undefined {
		return this.#playDesk?.stats(now);
	}

	publishStats(now: number): PublishStats[] {
		return this.#publishDesk?.stats(now) ?? [];
	}

	// ── publish ──

	onPublish(stream: ServerStream, request: PublishRequest): void {
		this.#publishDesk ??= new PublishDesk(this.#context, this, this.#log);
		this.#publishDesk.onPublish(stream, request);
	}

	onUnpublish(stream: ServerStream): void {
		this.#publishDesk?.onUnpublish(stream);
	}

	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		this.#publishDesk?.onMedia(stream, type, timestamp, payload);
	}

	get remoteAddress(): string {
		return this.#wire.remoteAddress;
	}

	get input(): PacedInput {
		return this.line.input;
	}

	get isEdge(): boolean {
		return this.#edge !== undefined;
	}

	askToPublish(name: StreamName, request: PublishRequest, onAnswer: PermissionHandler): void {
		const edge = this.#edge;
		if (edge === undefined) this.#instance!.ask("publish", this, publishFacts(request), onAnswer);
		else edge.askToPublish(this.#context.hub.open(name.key, this.rules.live), request, onAnswer);
	}

	tellUnpublished(facts: StreamFacts): void {
		this.#instance?.tell("unpublish", this, facts);
	}

	/** What happens to a stream is told to the code of its instance, whoever publishes it. */
	tellInstance({ name, instance }: StreamName, status: NetStatus): void {
		if (instance === this.#own?.instance) this.#own.tellStream(name, { ...status, details: name });
	}

	streamName(stream: ServerStream): StreamName {
		return new StreamName(this.application, stream.instance, stream.name);
	}

	// ── play ──

	onPlay(stream: ServerStream, request: PlayRequest): void {
		this.#play.onPlay(stream, request);
	}

	onStop(stream: ServerStream): void {
		this.#play.onStop(stream);
	}

	onPause(stream: ServerStream, paused: boolean, positionMillis: number, keepsBuffer: boolean): void {
		this.#play.onPause(stream, paused, positionMillis, keepsBuffer);
	}

	onSeek(stream: ServerStream, positionMillis: number): void {
		this.#play.onSeek(stream, positionMillis);
	}

	onReceiveChange(stream: ServerStream): void {
		this.#play.onReceiveChange(stream);
	}

	onBufferLength(stream: ServerStream): void {
		this.#play.onBufferLength(stream);
	}

	onStreamLength(call: Call, address: StreamAddress & { readonly instance: string }): void {
		this.#play.onStreamLength(call, address);
	}

	get virtualKey(): string {
		return this.#own?.virtualKey(this) ?? "";
	}

	askToPlay(facts: StreamFacts, onAnswer: PermissionHandler): void {
		this.#instance!.ask("play", this, facts, onAnswer);
	}

	tellStopped(facts: StreamFacts): void {
		this.#instance?.tell("stop", this, facts);
	}

	get application(): string {
		return this.#edge?.application ?? this.#application;
	}

	// ── the end ──

	onClosed(reason: MillraceError | undefined): void {
		this.#ended = true;
		this.#swfCheck = undefined;
		this.line.stop();
		this.#faulted = reason !== undefined;
		this.#edge?.disconnect();
		if (this.#own !== undefined) {
			this.#context.instances.leave(this.#own, this);
			this.#rules?.allowance?.leave();
		}
		const { link } = this.connection;
		const fields = { reason: reason?.code, bytesIn: link.bytesReceived, bytesOut: this.#wire.bytesWritten };
		// Most players end with a reset while media is on its way to them: nothing that anybody must know.
		const isPlayerLeaving = reason?.code === "CONNECTION_LOST" && !(this.#publishDesk?.hasPublished ?? false);
		if (reason === undefined || isPlayerLeaving) this.#log.debug("disconnect", fields);
		else this.#log.warn("disconnect", { ...fields, detail: reason.message });
	}
}
