import { type ConnectRequest, type NetStatus, netStatus, type ServerConnection } from "@millrace/core/rtmp";
import { type ApplicationInstance, type ClientFacts, type InstanceClient, splitApplication } from "../app/index.ts";
import type { EventLog } from "../log/index.ts";
import { EdgeClient, type EdgeTarget, edgeRefusal, edgeTarget } from "./edge/index.ts";
import type { ApplicationRules, ClientTransport, PeerContext } from "./peer-context.ts";
import { protocolName, protocolRefusal, SWF_REJECTED } from "./peer-words.ts";
import { SwfCheck } from "./swf-check.ts";

/** The peer whose client connects. */
export interface ConnectHost extends InstanceClient {
	readonly connection: ServerConnection;
	readonly remoteAddress: string;
	/** Sends what the connection has queued. */
	flush(): void;
}

/** What a client is a client of: an instance of this server, or another server. */
export type PeerInstance = Pick<ApplicationInstance, "call" | "whenCallsAreHandled" | "sharedObject" | "ask" | "tell">;

/**
 * Where one client goes with its `connect`, and what it may do there: static policy first, then its SWF file where that
 * is asked for, then the application, which answers the peer. A client may also go to another server.
 */
export class ConnectDesk {
	readonly #context: PeerContext;
	readonly #host: ConnectHost;
	readonly #transport: ClientTransport;
	readonly #log: EventLog;
	#application = "";
	#rules: ApplicationRules | undefined;
	#facts: ClientFacts | undefined;
	/** While the client is to prove its SWF file; its `connect` is pending then. */
	#swfCheck: SwfCheck | undefined;
	/** Where it is: in an instance of this server, or on the way to another. */
	#own: ApplicationInstance | undefined;
	#edge: EdgeClient | undefined;

	constructor(context: PeerContext, host: ConnectHost, transport: ClientTransport, log: EventLog) {
		this.#context = context;
		this.#host = host;
		this.#transport = transport;
		this.#log = log;
	}

	/** The instance of this server that the client is in; `undefined`: it is in none, or not yet. */
	get own(): ApplicationInstance | undefined {
		return this.#own;
	}

	/** The way to another server that the client has gone; `undefined`: it has not. */
	get edge(): EdgeClient | undefined {
		return this.#edge;
	}

	/** What it is a client of; `undefined`: of nothing yet. */
	get instance(): PeerInstance | undefined {
		return this.#own ?? this.#edge;
	}

	/** The application that it asked for, as the hub's keys have it. */
	get application(): string {
		return this.#edge?.application ?? this.#application;
	}

	/** What holds for it. Throws before it has connected. */
	get rules(): ApplicationRules {
		if (this.#rules === undefined) throw new Error("The client has not connected.");
		return this.#rules;
	}

	/** What it said of itself. Throws before it has connected. */
	get facts(): ClientFacts {
		if (this.#facts === undefined) throw new Error("The client has not connected.");
		return this.#facts;
	}

	/** When `handleTimeout` must be called at the latest. */
	get deadline(): number {
		return this.#swfCheck?.deadline ?? Number.POSITIVE_INFINITY;
	}

	handleTimeout(now: number): void {
		if (now >= this.deadline) this.#endSwfCheck(false, "no answer");
	}

	// ── the client's commands ──

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
			this.#host.connection.rejectConnect(netStatus("NetConnection.Connect.InvalidApp", text));
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
		else this.#swfCheck = new SwfCheck(rules.swf, this.#host.connection.link, request.instance);
	}

	onSwfAnswer(payload: Uint8Array): void {
		const isKnown = this.#swfCheck?.judge(payload);
		if (isKnown !== undefined) this.#endSwfCheck(isKnown, "the file is not known");
	}

	/** Rejects its `connect`, and says so in the log. */
	reject(status: NetStatus): void {
		const { connection } = this.#host;
		this.#log.warn("reject", { application: connection.request?.app, reason: status.description });
		connection.rejectConnect(status);
		this.#host.flush();
	}

	/** The client has gone. */
	leave(): void {
		this.#swfCheck = undefined;
		this.#edge?.disconnect();
		if (this.#own === undefined) return;
		this.#context.instances.leave(this.#own, this.#host);
		this.#rules?.allowance?.leave();
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
		this.#edge = new EdgeClient(edge, target, request, this.#host, this.#log);
		this.#edge.connect();
	}

	#endSwfCheck(isKnown: boolean, trouble: string): void {
		this.#swfCheck = undefined;
		const { connection } = this.#host;
		const request = connection.request!;
		if (isKnown) {
			this.#enter(request);
			return;
		}
		const { application, swfUrl, flashVer } = request;
		this.#log.warn("reject", { application, reason: `swf verification: ${trouble}`, swfUrl, flashVer });
		connection.rejectConnect(netStatus("NetConnection.Connect.Rejected", SWF_REJECTED));
		this.#host.flush();
	}

	#enter(request: ConnectRequest): void {
		const allowance = this.#rules?.allowance;
		const refusal = allowance?.refusal();
		if (refusal !== undefined) return this.reject(refusal);
		allowance?.enter();
		this.#own = this.#context.instances.open(this.#application, request.instance);
		this.#own.connect(this.#host);
	}

	#factsOf(request: ConnectRequest): ClientFacts {
		const { connection } = this.#host;
		const virtualKey = this.#rules?.virtualKeyOf?.(request.flashVer);
		return {
			id: connection.clientId,
			remoteAddress: this.#host.remoteAddress,
			protocol: this.#protocol,
			secure: this.#transport.secure,
			tcUrl: request.tcUrl,
			pageUrl: request.pageUrl,
			swfUrl: request.swfUrl,
			flashVer: request.flashVer,
			query: request.query,
			objectEncoding: request.objectEncoding,
			protocolVersion: connection.link.handshakeVersion,
			args: request.args,
			...(virtualKey !== undefined && { virtualKey }),
		};
	}

	/** What the client speaks: encrypted RTMP is told by its handshake. */
	get #protocol(): string {
		return protocolName(this.#transport.protocol, this.#host.connection.link.encrypted);
	}
}
