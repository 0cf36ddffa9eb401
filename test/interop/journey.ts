import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AttemptRecord, FallbackName } from "@millrace/client";
import { Program, TempDir } from "@millrace/testkit";
import type { ClosedNetwork } from "./closed-network.ts";

/** A try to get to a server. */
export type Journey = {
	/** What `connect` takes. */
	readonly url: string;
	readonly fallback?: FallbackName;
	readonly openTimeoutMillis?: number;
	readonly proxyType?: string;
	readonly proxy?: string;
	/** Arguments of `connect` behind the command object. */
	readonly args?: readonly string[];
	/** Plays that stream, and waits until it has begun. */
	readonly play?: string;
	/** Publishes the file to a stream beside it, plays that meanwhile, and writes what came. */
	readonly media?: { readonly from: string; readonly to: string };
};

/** What came of it. */
export type JourneyReport = {
	readonly code: string;
	/** Why, where it led nowhere. */
	readonly text: string;
	readonly protocol: string;
	readonly proxy: string;
	/** From `connect` to its end. */
	readonly millis: number;
	readonly attempts: readonly AttemptRecord[];
};

/** Something that listens and is no media server: says nothing, is a web server, or passes on what comes after a time. */
export type OddListener = {
	readonly host: string;
	readonly port: number;
	readonly kind: "mute" | "web" | "slow";
	/** How long a slow one waits, in milliseconds. */
	readonly millis?: number;
	/** Where a slow one leads to, on the same port. */
	readonly to?: string;
};

/** What the program `journey-program.ts` is told by a file. */
export type JourneyOrder = {
	readonly listeners: readonly OddListener[];
	readonly journeys: readonly Journey[];
	/** All at the same time, instead of one after the other. */
	readonly atOnce: boolean;
};

/** Makes journeys inside a network with this repository's client. The reports are in the order of the journeys. */
export async function travel(network: ClosedNetwork, order: JourneyOrder): Promise<JourneyReport[]> {
	const dir = new TempDir("journey");
	const [orderFile, reportFile] = [dir.file("order.json"), dir.file("report.json")];
	writeFileSync(orderFile, JSON.stringify(order));
	const own = fileURLToPath(new URL("journey-program.ts", import.meta.url));
	const [ip, ...words] = [...network.prefix, process.execPath, "--conditions=source", own, orderFile, reportFile];
	// Nothing of this machine's proxies.
	const program = new Program(ip!, words, { env: { http_proxy: "", https_proxy: "", all_proxy: "" } });
	try {
		const { code } = await program.waitForExit(100_000);
		if (code !== 0) throw new Error(program.describe("failed"));
		return JSON.parse(readFileSync(reportFile, "utf8")) as JourneyReport[];
	} finally {
		await program.stop();
		dir.remove();
	}
}
