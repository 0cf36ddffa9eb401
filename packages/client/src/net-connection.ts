import { AmfClassRegistry, type AmfConstructor, type AmfValue, type ObjectEncoding } from "@millrace/core/amf";
import type { MillraceError } from "@millrace/core/fault";
import { type Call, type ConnectParameters, type NetStatus, netStatus, remoteMethods } from "@millrace/core/rtmp";
import {
	type BandwidthOptions,
	ConnectionBandwidth,
	type DownloadBandwidth,
	type UploadBandwidth,
} from "./bandwidth.ts";
import { CallAnswer, type CallAnswerHost } from "./call-answer.ts";
import { type Callback, findCallback, flashValue } from "./callback.ts";
import {
	type AttemptPlan,
	type AttemptRecord,
	type ClientPlatform,
	type ConnectAddress,
	ConnectionSession,
	ROAD_PROTOCOLS,
} from "./connect/index.ts";
import { ConnectionInside } from "./connection-inside.ts";
import { CoursePlanner } from "./course-planner.ts";
import { ArgumentError, NetStatusError } from "./errors.ts";
import { EventDispatcher } from "./event-dispatcher.ts";
import { NetStatusEvent } from "./events.ts";
import { asStatus, USUAL_CALLS } from "./net-connection-answer.ts";
import { type NetConnectionOptions, sessionOptions, sharedMemory } from "./net-connection-options.ts";
import { parseGatewayAddress, Remoting } from "./remoting.ts";
import { Responder, type ResponderObject } from "./responder.ts";

/** The inside of a connection; not for users of the library. */
export let insideOf: (connection: NetConnection) => ConnectionInside;

/**
 * A connection to an application of a media server, as ActionScript 1, 2 and 3 have it, with promises beside them.
 * Nothing is reported before the call that causes it has returned, so handlers may be set after `connect`.
 *
 * This class needs a platform; the package's entry gives it that of Node.
 */
export class NetConnection extends EventDispatcher {
	/** The encoding of connections that are made from now on. Default AMF3, as in ActionScript 3. */
	static defaultObjectEncoding: ObjectEncoding = 3;

	static {
		insideOf = connection => connection.#inside;
	}

	/** Which proxies the next `connect` may use: `none`, `HTTP`, `CONNECT`, `CONNECTOnly`, `best`. */
	proxyType = "none";
	/** ActionScript 1 and 2: takes the info objects that `netStatus` listeners get. */
	onStatus?: (info: NetStatus) => void;
	/** Callbacks that the server calls may be members of the connection. */
	[callback: `on${string}`]: unknown;

	readonly #inside: ConnectionInside;
	readonly #session: ConnectionSession;
	readonly #options: NetConnectionOptions;
	readonly #planner: CoursePlanner;
	readonly #bandwidth: ConnectionBandwidth;
	readonly #remoting: Remoting;
	readonly #answerHost: CallAnswerHost = {
		guard: (what, action) => this.guard(what, action),
		onStatus: info => this.dispatchEvent(new NetStatusEvent(info)),
	};
	#client: object = this;
	#objectEncoding: ObjectEncoding;
	/** The port test that is under way. */
	#portTest: object | undefined;
	#uri = "";
	/** `connect(null)`: connected to nothing. */
	#isLocal = false;
	#connecting: { resolve(info: NetStatus): void; reject(error: unknown): void } | undefined;

	constructor(platform: ClientPlatform, options: NetConnectionOptions = {}) {
		const warn = options.warn ?? (text => platform.warn(text));
		super(warn);
		const classes = options.classes ?? new AmfClassRegistry();
		const memory = options.memory ?? sharedMemory(platform);
		this.#options = options;
		this.#objectEncoding = (new.target as typeof NetConnection).defaultObjectEncoding;
		this.#planner = new CoursePlanner({ platform, options, memory, proxyType: () => this.proxyType });
		this.#session = new ConnectionSession(
			platform,
			{
				onInfo: (info, cause) => this.#onInfo(info, cause),
				onServerCall: call => this.#onServerCall(call),
				onSharedObject: (type, body) => this.#inside.remoteObjects.receive(type, body),
				onEnded: byUser => this.#inside.onEnded(byUser),
				onDrain: () => this.#inside.onDrain(),
				onAttempt: record => this.#onAttempt(record),
			},
			sessionOptions(options, memory, classes),
		);
		this.#inside = new ConnectionInside({ session: this.#session, platform, classes, warn });
		this.#remoting = new Remoting({
			platform,
			classes,
			timeoutMillis: options.remotingTimeoutMillis ?? 60_000,
			objectEncoding: () => this.#objectEncoding,
			onStatus: info => this.dispatchEvent(new NetStatusEvent(info)),
			onHeader: (name, value) => this.#onRemotingHeader(name, value),
			warn,
		});
		this.#bandwidth = new ConnectionBandwidth(
			{
				call: (name, args, responder) =>
					this.#session.use(
						connection => connection.call(name, args, responder),
						() => responder.onError(undefined),
					),
				onEnd: listener => {
					const { endListeners } = this.#inside;
					endListeners.add(listener);
					return () => void endListeners.delete(listener);
				},
			},
			platform,
		);
	}

	/** True from `NetConnection.Connect.Success` to `NetConnection.Connect.Closed`. Remoting has no connection: false. */
	get connected(): boolean {
		return this.#isLocal || this.#session.connection !== undefined;
	}

	/** ActionScript 1 and 2: the same as `connected`. */
	get isConnected(): boolean {
		return this.connected;
	}

	/** The address as it was given to `connect`; `"null"` after `connect(null)`. */
	get uri(): string {
		return this.#uri;
	}

	/** The protocol of the connection, which need not be that of the address; empty while there is none. */
	get protocol(): string {
		return this.#remoting.protocol ?? this.#session.road?.protocol ?? "";
	}

	/** The proxy of the connection: `none`, `CONNECT` or `HTTP`. */
	get connectedProxyType(): string {
		return this.#session.road?.proxy ?? "none";
	}

	/** Whether the connection is by TLS, in HTTPS too. */
	get usingTLS(): boolean {
		const { road } = this.#session;
		return (road !== undefined && ROAD_PROTOCOLS[road.protocol].isSecure) || this.#remoting.protocol === "https";
	}

	/** Every attempt of the latest `connect`, in the order of the starts: what was tried, when, and what became of it. */
	get attempts(): readonly AttemptRecord[] {
		return this.#session.attempts;
	}

	/** RTMFP only; empty here. */
	get nearID(): string {
		return "";
	}

	/** RTMFP only; empty here. */
	get farID(): string {
		return "";
	}

	/** What was agreed, while connected; otherwise what is asked for. The server may agree on AMF0 only. */
	get objectEncoding(): ObjectEncoding {
		return this.#session.connection?.objectEncoding ?? this.#objectEncoding;
	}

	/** @throws ReferenceError while connected, as in ActionScript 3; ArgumentError for another number than 0 and 3 */
	set objectEncoding(value: ObjectEncoding) {
		if (this.connected) throw new ReferenceError("objectEncoding cannot be set while the connection is open.");
		if (value !== 0 && value !== 3) throw new ArgumentError("objectEncoding is 0 (AMF0) or 3 (AMF3).");
		this.#objectEncoding = value;
	}

	/** The object whose methods the server calls; the connection itself by default. */
	get client(): object {
		return this.#client;
	}

	/** @throws TypeError for `null` and what is no object */
	set client(value: object) {
		if (typeof value !== "object" || value === null) throw new TypeError("client must be an object.");
		this.#client = value;
	}

	/**
	 * Connects to `protocol://host[:port]/application[/instance]` by `rtmp`, `rtmps`, `rtmpt`, `rtmpts`, `rtmpe`,
	 * `rtmpte`, `ws` or `wss`; what follows goes to the application's `onConnect`. `rtmp` without a port finds its way
	 * through firewalls (`fallback`); every other address is one attempt. The
	 * outcome comes as `netStatus`. An open connection is closed first, which emits `NetConnection.Connect.Closed`; an
	 * attempt that is under way is given up. `null` succeeds at once without a network. May be called again at any time,
	 * from a handler too.
	 *
	 * `http://host/gateway` and `https:` are gateways of Flash Remoting: nothing is sent and no status comes until
	 * something is called, and `connected` stays false.
	 *
	 * @returns true. For a bad address false, where the connection wears the face of ActionScript 1 and 2 (`onStatus` is
	 * set and nobody listens for `netStatus`).
	 * @throws ArgumentError for a bad address otherwise
	 */
	connect(address: string | null, ...args: AmfValue[]): boolean {
		if (address === null) {
			this.#restart("null");
			this.#isLocal = true;
			queueMicrotask(() => {
				if (this.#isLocal) this.#onInfo(netStatus("NetConnection.Connect.Success"));
			});
			return true;
		}
		let target: ConnectAddress;
		let plan: AttemptPlan;
		try {
			const gateway = parseGatewayAddress(address);
			if (gateway !== undefined) return this.#openGateway(address, gateway);
			target = this.#planner.parse(address);
			plan = this.#planner.plan(target);
		} catch (error) {
			if (typeof this.onStatus === "function" && !this.hasEventListener(NetStatusEvent.NET_STATUS)) return false;
			throw error;
		}
		this.#restart(address);
		const course = this.#planner.course(this.#objectEncoding, args);
		if (this.#options.smart?.portTest === true) void this.#testPorts(plan, course.request(target));
		else this.#session.start(target, course);
		return true;
	}

	/**
	 * `connect` as a promise: resolves to the info object of `NetConnection.Connect.Success`. Rejects with a
	 * `NetStatusError` whose `info` says why, or with an `ArgumentError`. The events come as well.
	 */
	async connectAsync(address: string | null, ...args: AmfValue[]): Promise<NetStatus> {
		if (!this.connect(address, ...args)) throw new ArgumentError(`${String(address)} is no address.`);
		return new Promise((resolve, reject) => {
			this.#connecting = { resolve, reject };
		});
	}

	/**
	 * Calls a method of the server's application. Before the connection is there the call waits for it. What is called of
	 * a gateway in one turn of the event loop goes there together.
	 *
	 * @param responder a `Responder`, an object with `onResult` and `onStatus`, or `null` for no answer
	 * @throws UsageError for values that cannot be sent
	 */
	call(name: string, responder: Responder | ResponderObject | null | undefined, ...args: AmfValue[]): void {
		if (this.#remoting.gateway !== undefined) {
			this.#remoting.call(name, args, new CallAnswer(this.#answerHost, name, responder ?? {}));
			return;
		}
		if (responder === null || responder === undefined) {
			this.#session.use(connection => connection.call(name, args));
			return;
		}
		const answer = new CallAnswer(this.#answerHost, name, responder);
		this.#session.use(
			connection => connection.call(name, args, answer),
			() => answer.onError(undefined),
		);
	}

	/** `call` as a promise. Rejects with a `NetStatusError` whose `info` is what the server said. */
	callAsync(name: string, ...args: AmfValue[]): Promise<AmfValue> {
		return new Promise((resolve, reject) => {
			const fail = (info: AmfValue): void => reject(new NetStatusError(asStatus(info)));
			this.call(name, new Responder(resolve, fail), ...args);
		});
	}

	/**
	 * The application's methods with their types: `remote<RemoteMethods<typeof app>>().sum(1, 2)` is
	 * `callAsync("sum", 1, 2)`, and `remote.chat.say("hi")` calls `chat/say`. Both types are imported as types alone, so
	 * that nothing of the server comes into a page. A call that fails rejects with a `NetStatusError`.
	 */
	remote<Remote extends object>(): Remote {
		return remoteMethods<Remote>((name, args) => this.callAsync(name, ...args));
	}

	/**
	 * Has the server measure how fast it can send to this client, as `call("checkBandwidth")` does. Callbacks `onBWCheck`
	 * and `onBWDone` are called as well where there are any, and are not needed. Rejects with a `NetStatusError` where the
	 * server does not measure.
	 */
	checkBandwidth(options?: BandwidthOptions): Promise<DownloadBandwidth> {
		return this.#bandwidth.down(options);
	}

	/** Measures how fast this client can send to the server. Rejects with a `NetStatusError` where it does not answer. */
	checkUploadBandwidth(options?: BandwidthOptions): Promise<UploadBandwidth> {
		return this.#bandwidth.up(options);
	}

	/**
	 * Gives a class its name on the wire, as `flash.net.registerClassAlias` does: its instances are sent under that name,
	 * and what comes under it becomes an instance. The class is constructed without arguments.
	 */
	registerClass(alias: string, type: AmfConstructor): void {
		this.#inside.classes.registerClass(alias, type);
	}

	/** Closes the connection and every stream of it. Emits `NetConnection.Connect.Closed` if it was open. */
	close(): void {
		const wasConnected = this.connected;
		this.#remoting.close();
		this.#isLocal = false;
		this.#portTest = undefined;
		this.#session.stop();
		const info = netStatus("NetConnection.Connect.Closed");
		this.#settle(info, undefined);
		if (wasConnected) queueMicrotask(() => this.dispatchEvent(new NetStatusEvent(info)));
	}

	/**
	 * Sets a header of remoting, such as `Credentials` with `{ userid, password }`: every packet to a gateway carries it
	 * from now on, also after another `connect`. A later one of the same name replaces it; `undefined` as the value takes
	 * it back. RTMP has no headers.
	 *
	 * @param mustUnderstand whether a gateway that does not know it must not do what it is asked
	 * @param param its value. Default `null`
	 */
	addHeader(operation: string, mustUnderstand = false, ...param: [value?: AmfValue]): void {
		const [value] = param.length === 0 ? [null] : param;
		if (value === undefined) this.#remoting.removeHeader(operation);
		else this.#remoting.setHeader({ name: operation, mustUnderstand, value });
	}

	#openGateway(address: string, url: URL): boolean {
		this.#restart(address);
		this.#remoting.open(url);
		const { gateway } = this.#remoting;
		queueMicrotask(() => {
			if (this.#remoting.gateway !== gateway) return;
			this.#connecting?.resolve(netStatus("NetConnection.Connect.Success"));
			this.#connecting = undefined;
		});
		return true;
	}

	#onRemotingHeader(name: string, value: AmfValue): boolean {
		const method = findCallback(this.#client, name, LIBRARY_PROTOTYPES);
		if (method !== undefined) this.guard(`The callback ${name} threw`, () => method(flashValue(value)));
		return method !== undefined;
	}

	/** NetConnectionSmart's port test: a status for each road, and one with all of them at the end. */
	async #testPorts(plan: AttemptPlan, request: Omit<ConnectParameters, "tcUrl">): Promise<void> {
		const test = {};
		this.#portTest = test;
		const roads = await this.#planner.testRoads(plan, request, report => {
			if (this.#portTest !== test) return;
			this.#onInfo(netStatus("NetConnection.PortTest.Update", undefined, { ...report }));
		});
		if (this.#portTest !== test) return;
		const results = roads.map(road => ({ ...road }));
		this.#onInfo(netStatus("NetConnection.PortTest.Complete", undefined, { roads: results }));
	}

	/** Later: the user's code may connect or close. */
	#onAttempt(record: AttemptRecord): void {
		const { onAttempt } = this.#options;
		if (onAttempt !== undefined) queueMicrotask(() => this.guard("onAttempt threw", () => onAttempt(record)));
	}

	#restart(uri: string): void {
		this.close();
		this.#uri = uri;
	}

	#onInfo(info: NetStatus, cause?: MillraceError): void {
		const plain = flashValue(info) as NetStatus;
		// Other statuses may come before the answer to `connect`.
		if (this.connected || plain.level === "error" || cause !== undefined) this.#settle(plain, cause);
		const { connection } = this.#session;
		const isNew = plain.code === "NetConnection.Connect.Success" && connection !== undefined;
		if (isNew) this.#inside.remoteObjects.onConnected(connection);
		this.dispatchEvent(new NetStatusEvent(plain));
	}

	/** Answers `connectAsync`. A status of a connection that stands is none of its business. */
	#settle(info: NetStatus, cause: MillraceError | undefined): void {
		const waiting = this.#connecting;
		if (waiting === undefined) return;
		this.#connecting = undefined;
		if (this.connected) waiting.resolve(info);
		else waiting.reject(new NetStatusError(info, cause));
	}

	#onServerCall(call: Call): void {
		if (call.name === "onBWDone") this.#bandwidth.onDone(call.args);
		const method = findCallback(this.#client, call.name, LIBRARY_PROTOTYPES);
		if (method !== undefined) {
			void this.#run(method, call);
			return;
		}
		const usual = USUAL_CALLS.get(call.name);
		this.reportMissing(call.name, usual !== undefined);
		const { connection } = this.#session;
		if (usual !== undefined) connection?.sendResult(call, usual.result);
		else {
			const text = `Method not found (${call.name}).`;
			connection?.sendError(call, netStatus("NetConnection.Call.Failed", text));
		}
	}

	/** A method may answer with a promise. What it throws, or what cannot be sent, is the answer "failed". */
	async #run(method: Callback, call: Call): Promise<void> {
		const { connection } = this.#session;
		try {
			const answer = method(...call.args.map(value => flashValue(value)));
			const value = answer instanceof Promise ? await answer : answer;
			connection?.sendResult(call, value as AmfValue);
		} catch (error) {
			connection?.sendError(call, netStatus("NetConnection.Call.Failed", `${call.name} failed.`));
			this.reportError(`The callback ${call.name} threw`, error);
		}
		this.#session.planFlush();
	}
}

const LIBRARY_PROTOTYPES: ReadonlySet<object> = new Set([NetConnection.prototype, EventDispatcher.prototype]);
