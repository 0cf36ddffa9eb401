import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { buildProgram, programPath } from "./built-program.ts";
import { onCores, type Side } from "./cores.ts";

/** What is between a server and its load, and how programs are started at either end of it. */
export type Network = {
	/** Where the server is reached, an IPv4 address. */
	host: string;
	/** The process that carries the packets, where there is one: it belongs to the load. */
	carrier?: number;
	/** The command line that runs a program at this end, on this side's cores. */
	command(side: Side, program: string, args: readonly string[]): [command: string, args: string[]];
	/** Resolves when nothing of it is left. */
	close(): Promise<void>;
};

/** 127.0.0.1: what is sent is received, and acknowledged, in the sender's own time. */
export const LOOPBACK: Network = { host: "127.0.0.1", command: onCores, close: async () => {} };

/**
 * A path with packets of 1,500 bytes and this round trip, in milliseconds, between two network namespaces (`netpath/`).
 * Throws an Error that says what is missing: root, `/dev/net/tun`, or `nsenter` (Debian: util-linux).
 */
export async function openPath(roundTripMillis: number): Promise<Network> {
	buildProgram("netpath");
	const microseconds = String(Math.round((roundTripMillis * 1000) / 2));
	const carrier = spawn(...onCores("load", programPath("netpath"), [microseconds]), {
		stdio: ["ignore", "pipe", "pipe"],
	});
	const closed = once(carrier, "close");
	let complaint = "";
	carrier.stderr.setEncoding("utf8").on("data", text => {
		complaint += text;
	});
	const first: string | undefined = (await createInterface(carrier.stdout)[Symbol.asyncIterator]().next()).value;
	const [serverSpace, loadSpace] = first?.split(" ") ?? [];
	if (serverSpace === undefined || loadSpace === undefined || carrier.pid === undefined) {
		await closed;
		throw new Error(complaint.trim() || "netpath ended at once");
	}
	return {
		// As netpath has them.
		host: "10.99.0.1",
		carrier: carrier.pid,
		command: (side, program, args) =>
			onCores(side, "nsenter", [`--net=${side === "server" ? serverSpace : loadSpace}`, program, ...args]),
		async close() {
			carrier.kill("SIGTERM");
			await closed;
			if (complaint !== "") console.error(complaint.trim());
		},
	};
}
