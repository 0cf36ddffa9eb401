import type { AmfValue } from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { type Call, type NetStatus, netStatus, type ServerConnection } from "@millrace/core/rtmp";
import type { PeerLine } from "./peer-line.ts";

/** The peer whose client calls. */
export interface CallHost {
	readonly connection: ServerConnection;
	/** Whether the application wants to see a call that the server could answer. */
	handlesCall(name: string): boolean;
	readonly line: Pick<PeerLine, "answer">;
	/** Hands a call to the application. `id` is for its answer; 0: none is wanted. */
	passCall(id: number, call: Call): void;
	/** Sends what the connection has queued. */
	flush(): void;
}

/** Calls of the client that the application has not answered; more are refused. */
const MAX_OPEN_CALLS = 1024;

/** What one client calls, from the call to its answer, which may come at any time. */
export class CallDesk {
	readonly #host: CallHost;
	readonly #open = new Map<number, Call>();
	#nextId = 1;

	constructor(host: CallHost) {
		this.#host = host;
	}

	onCall(call: Call): void {
		const host = this.#host;
		const isClaimed = host.handlesCall(call.name);
		if (!isClaimed && host.line.answer(call)) return;
		let id = 0;
		// One that the server may have to answer is kept although no answer is wanted: there is more to it than that.
		if (call.transactionId !== 0 || isClaimed) {
			if (this.#open.size >= MAX_OPEN_CALLS) {
				host.connection.sendError(call, netStatus("NetConnection.Call.Failed", "Too many calls are open."));
				return;
			}
			id = this.#nextId++;
			this.#open.set(id, call);
		}
		host.passCall(id, call);
	}

	/** The application does not answer a call that it wanted to see: the server does. */
	decline(id: number): void {
		const { connection } = this.#host;
		const call = this.#take(id);
		if (call === undefined) return;
		if (!this.#host.line.answer(call) && !connection.answerCall(call)) {
			connection.sendError(call, netStatus("NetConnection.Call.Failed", `Method not found (${call.name}).`));
		}
		this.#host.flush();
	}

	sendResult(id: number, value: AmfValue): void {
		const { connection } = this.#host;
		const call = this.#take(id);
		if (call === undefined) return;
		try {
			connection.sendResult(call, value);
		} catch (error) {
			// What the application answered cannot be said in this client's encoding.
			if (!(error instanceof UsageError)) throw error;
			connection.sendError(call, netStatus("NetConnection.Call.Failed", error.message));
		}
		this.#host.flush();
	}

	sendError(id: number, status: NetStatus): void {
		const call = this.#take(id);
		if (call === undefined) return;
		this.#host.connection.sendError(call, status);
		this.#host.flush();
	}

	#take(id: number): Call | undefined {
		const call = this.#open.get(id);
		this.#open.delete(id);
		return call;
	}
}
