import type { FaultCode } from "@millrace/core/fault";
import { expect } from "vitest";
import type { AbuseServer } from "./abuse-server.ts";
import type { Delivery, RawClient } from "./raw-client.ts";

/** What an offender has done properly before it misbehaves. */
export type Stage = "accepted" | "shaken" | "connected" | "publishing";

/** One kind of offender. */
export type AbuseCase = {
	/** Row of the table in `docs/reference/abuse-tests.md`. */
	readonly row: number;
	/** What it does and what becomes of it, as the end of a test's name. */
	readonly behaviour: string;
	readonly stage: Stage;
	/** Misbehaves; bytes that it returns are sent. Short ones are sent three times: whole, byte by byte, split at random. */
	attack(client: RawClient): Uint8Array | undefined | Promise<Uint8Array | undefined>;
	/** The reason that the server logs when it closes the connection; `served`: it stays open and answers. */
	readonly outcome: FaultCode | "served";
	/** How long the outcome may take, in milliseconds; default 2 s. */
	readonly withinMillis?: number;
	/** What the connection has been sent when it is served; default: it answers `createStream`. */
	confirm?(client: RawClient): Promise<void>;
};

/** Longest input that is sent in pieces as well. */
const PIECES_BYTES = 4096;
const DELIVERIES: readonly Delivery[] = ["whole", "bytewise", "split"];

/** Runs a case against a server and asserts its outcome, in each way of delivery that is cheap. */
export async function runCase(server: AbuseServer, abuse: AbuseCase): Promise<void> {
	for (const delivery of DELIVERIES) {
		const client = await openAt(server, abuse.stage);
		try {
			const bytes = await abuse.attack(client);
			if (bytes !== undefined) await client.deliver(bytes, bytes.length > PIECES_BYTES ? "whole" : delivery);
			await expectOutcome(server, client, abuse);
			if (bytes === undefined || bytes.length > PIECES_BYTES) return;
		} finally {
			client.destroy();
		}
	}
}

/** Opens a connection that has come as far as a stage. */
export async function openAt(server: AbuseServer, stage: Stage, address = server.address()): Promise<RawClient> {
	if (stage === "accepted") return server.open(address);
	if (stage === "shaken") return server.openShaken(address);
	if (stage === "connected") return server.openConnected(address);
	return server.openPublishing(`by-${address}-${Math.random().toString(36).slice(2)}`, address);
}

async function expectOutcome(server: AbuseServer, client: RawClient, abuse: AbuseCase): Promise<void> {
	const within = abuse.withinMillis ?? 2000;
	if (abuse.outcome === "served") {
		if (abuse.confirm !== undefined) await abuse.confirm(client);
		else expect(await client.call("createStream")).toBeTypeOf("number");
		return;
	}
	expect(await server.reasonFor(client, within)).toBe(abuse.outcome);
	// An offender that does not read learns of its end when it does.
	client.socket.resume();
	await Promise.race([client.closed, new Promise(resolve => setTimeout(resolve, 6000))]);
	expect(client.isClosed, "the connection is closed").toBe(true);
}
