import { PeerError } from "@millrace/core/fault";
import type { MediaType } from "@millrace/core/flv";
import {
	type NetStatus,
	netStatus,
	type PublishRequest,
	type ServerConnection,
	type ServerStream,
} from "@millrace/core/rtmp";
import { findPublishKey } from "../access/index.ts";
import type { PermissionHandler, PublishStats, StreamFacts, StreamName } from "../app/index.ts";
import type { PacedInput, PublisherEnd } from "../hub/index.ts";
import type { EventLog } from "../log/index.ts";
import type { ApplicationRules, PeerContext } from "./peer-context.ts";
import { PUBLICATION_END_STATUS } from "./peer-words.ts";
import { type PublishObserver, PublishSession } from "./publish-session.ts";

/** The peer whose client publishes. */
export interface PublishHost {
	readonly connection: ServerConnection;
	readonly rules: ApplicationRules;
	readonly remoteAddress: string;
	/** What the hub may let rest. */
	readonly input: PacedInput;
	/** Whether the streams are those of another server, which records them itself. */
	readonly isEdge: boolean;
	streamName(stream: ServerStream): StreamName;
	/** Asks whoever decides: the application, or the other server. */
	askToPublish(name: StreamName, request: PublishRequest, onAnswer: PermissionHandler): void;
	/** What the application allowed has ended. */
	tellUnpublished(facts: StreamFacts): void;
	/** Something has happened to a stream of the instance. */
	tellInstance(name: StreamName, status: NetStatus): void;
	/** Sends what the connection has queued. */
	flush(): void;
	/** What came together has been given. */
	endTurn(): void;
}

/** What one client publishes, from its commands to the hub. */
export class PublishDesk implements PublishObserver {
	readonly #context: PeerContext;
	readonly #host: PublishHost;
	readonly #log: EventLog;
	readonly #sessions = new Map<ServerStream, PublishSession>();
	/** Whether anything has been published, now or before. */
	hasPublished = false;
	/** The publisher that media came for in this turn: nearly always the only one. */
	#turn: PublishSession | undefined;
	/** A publication of this client is beginning, which may take over another one of its own. */
	#isBeginning = false;

	constructor(context: PeerContext, host: PublishHost, log: EventLog) {
		this.#context = context;
		this.#host = host;
		this.#log = log;
	}

	/** How many streams are published. */
	get size(): number {
		return this.#sessions.size;
	}

	/** Measures of each of them. */
	stats(now: number): PublishStats[] {
		return [...this.#sessions].map(([stream, { bytes, messages, startedAt }]) => {
			const seconds = Math.round((now - startedAt) / 1000);
			return { streamId: stream.id, stream: String(this.#host.streamName(stream)), bytes, messages, seconds };
		});
	}

	// ── the client's commands and media ──

	onPublish(stream: ServerStream, request: PublishRequest): void {
		const host = this.#host;
		const decision = host.rules.mayPublish(host.remoteAddress, this.#keyOf(request));
		const name = host.streamName(stream);
		if (!decision.allowed) {
			this.#log.warn("refuse-publish", { stream: String(name), reason: decision.reason });
			stream.refuse(netStatus("NetStream.Publish.Denied", decision.description));
			return;
		}
		host.askToPublish(name, request, refusal => {
			if (refusal === undefined) this.#begin(stream, name, request, decision.identity ?? "anyone");
			else stream.refuse(refusal);
			host.endTurn();
		});
	}

	onUnpublish(stream: ServerStream): void {
		const session = this.#sessions.get(stream);
		if (session === undefined) return;
		this.#set(stream, undefined);
		// A connection that ends without a word may come back; a command is meant.
		const reason = this.#host.connection.link.closed ? "dropped" : "stopped";
		session.end(reason);
		this.#hasEnded(stream, session, reason);
	}

	onMedia(stream: ServerStream, type: MediaType, timestamp: number, payload: Uint8Array): void {
		const session = this.#sessions.get(stream);
		if (session === undefined) return;
		if (this.#turn !== session) {
			this.#turn?.endTurn();
			this.#turn = session;
		}
		session.receive(type, timestamp, payload, this.#host.connection.link.now);
	}

	/** What came together has been given. */
	endTurn(): void {
		this.#turn?.endTurn();
		this.#turn = undefined;
	}

	// ── what sessions tell ──

	onPublicationEnded(stream: ServerStream, reason: PublisherEnd): void {
		const session = this.#sessions.get(stream);
		if (session === undefined) return;
		this.#set(stream, undefined);
		stream.state = "idle";
		const status = PUBLICATION_END_STATUS[reason];
		if (status !== undefined) stream.sendStatus(stream.status(...status));
		this.#hasEnded(stream, session, reason);
		const { connection } = this.#host;
		// An encoder that goes on sending to nobody would never find out: its connection ends.
		if (reason === "taken-over" && !this.#isBeginning) connection.closeGracefully();
		else if (reason === "idle") connection.link.close(new PeerError("PUBLISHER_IDLE"));
		this.#host.flush();
	}

	onMediaStarted(stream: ServerStream): void {
		const name = this.#host.streamName(stream);
		this.#log.info("publish", { stream: String(name), media: this.#context.describe(name) });
	}

	// ── beginning and end ──

	#begin(stream: ServerStream, name: StreamName, request: PublishRequest, identity: string): void {
		if (stream.state !== "publish-pending") return;
		const host = this.#host;
		const session = new PublishSession(stream, publishFacts(request), this, host.input, this.#context.now());
		const { mode, prefix } = request;
		const live = this.#context.hub.open(name.key, host.rules.live);
		this.#isBeginning = true;
		const hasBegun = session.begin(live, identity);
		this.#isBeginning = false;
		if (!hasBegun) {
			this.#log.warn("refuse-publish", { stream: String(name), reason: "already published" });
			stream.refuse(netStatus("NetStream.Publish.BadName", `${name.name} is already being published.`));
			return;
		}
		this.#set(stream, session);
		if (!host.isEdge) {
			const facts = { name, live, type: mode, prefix, isTrusted: identity !== "anyone" };
			this.#context.recorder?.onPublish(facts, status => this.#onRecordStatus(stream, name, status));
		}
		stream.acceptPublish();
		host.tellInstance(name, netStatus("NetStream.Publish.Start", `${name.name} is now published.`));
	}

	#onRecordStatus(stream: ServerStream, name: StreamName, status: NetStatus): void {
		const host = this.#host;
		host.tellInstance(name, status);
		// A recording ends later than its publisher, whose stream may be gone then.
		if (host.connection.streams.get(stream.id) !== stream) return;
		stream.sendStatus({ ...status, clientid: host.connection.clientId });
		host.flush();
	}

	/** Whoever publishes was let in by policy: what it holds is not counted with what strangers hold. */
	#set(stream: ServerStream, session: PublishSession | undefined): void {
		if (session === undefined) this.#sessions.delete(stream);
		else this.#sessions.set(stream, session);
		this.hasPublished ||= session !== undefined;
		this.#host.connection.link.account.setTrusted(this.#sessions.size > 0);
	}

	#hasEnded(stream: ServerStream, session: PublishSession, reason: PublisherEnd): void {
		const name = this.#host.streamName(stream);
		const seconds = Math.round((this.#context.now() - session.startedAt) / 1000);
		this.#log.info("unpublish", { stream: String(name), reason, seconds, bytes: session.bytes });
		this.#host.tellUnpublished(session.facts);
		this.#host.tellInstance(name, netStatus("NetStream.Unpublish.Success", `${name.name} is now unpublished.`));
	}

	/** In the stream's query, or in that of the application. */
	#keyOf(request: PublishRequest): string | undefined {
		return findPublishKey(`${request.name}?${request.query}`, this.#host.connection.request?.app ?? "");
	}
}

/** What the application is asked about, and told when it ends. */
export function publishFacts({ name, query, mode, prefix }: PublishRequest): StreamFacts {
	return { name, query, mode, ...(prefix !== "" && { prefix }) };
}
