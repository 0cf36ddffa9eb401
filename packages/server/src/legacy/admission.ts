import type { AmfValue } from "@millrace/core/amf";
import { type Client, redirect, reject } from "../application/index.ts";

/** What becomes of a client: let in, or turned away with a refusal. */
export type Verdict = "accepted" | ReturnType<typeof reject>;

/** Why a client is turned away. */
export type Rejection = {
	readonly description?: string | undefined;
	/** What it finds at `info.application`. */
	readonly application?: AmfValue;
	/** Where it is sent instead. */
	readonly address?: string | undefined;
};

/** What a rejected client is told where the script says nothing. */
const NO_REASON = "Connection failed.";

/**
 * The clients of an instance that wait for their verdict. The first counts, whether it is spoken within
 * `application.onConnect`, by what that returns, or long afterwards.
 */
export class Admission {
	/** Who leaves before the verdict is forgotten with its object. */
	readonly #waiting = new WeakMap<Client, { verdict: Verdict | undefined; settle?: (verdict: Verdict) => void }>();

	/** A client has come. */
	begin(client: Client): void {
		this.#waiting.set(client, { verdict: undefined });
	}

	/** The verdict on a client that has come, where it has been spoken; otherwise a promise of the one to come. */
	verdictOf(client: Client): Verdict | Promise<Verdict> {
		const waiting = this.#waiting.get(client)!;
		return (
			waiting.verdict ??
			new Promise(resolve => {
				waiting.settle = resolve;
			})
		);
	}

	/** Lets a client in. False: there is a verdict already. */
	accept(client: Client): boolean {
		return this.#speak(client, "accepted");
	}

	/** Turns a client away. False: there is a verdict already. */
	reject(client: Client, { description = NO_REASON, application, address }: Rejection): boolean {
		const refusal =
			address === undefined ? reject(description, application) : redirect(address, description, application);
		return this.#speak(client, refusal);
	}

	#speak(client: Client, verdict: Verdict): boolean {
		const waiting = this.#waiting.get(client);
		if (waiting === undefined || waiting.verdict !== undefined) return false;
		waiting.verdict = verdict;
		waiting.settle?.(verdict);
		return true;
	}
}
