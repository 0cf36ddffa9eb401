import { readFileSync } from "node:fs";
import { ServerProcess } from "@millrace/testkit";
import { RawClient } from "./raw-client.ts";

/** Deadlines short enough to be waited for in a test. */
const SETTINGS = [
	"rtmp.handshakeTimeoutMillis=1s",
	"rtmp.handshakeDeadlineMillis=2s",
	"rtmp.connectTimeoutMillis=1s",
	"rtmp.pingIntervalMillis=1s",
	"rtmp.readTimeoutMillis=3s",
	"publish.idleTimeoutMillis=4s",
	"publish.graceMillis=1s",
	"live.viewerQueue.closeAfterMillis=2s",
];

/** What a server logged about the end of connections. */
export type Ends = {
	/** How many connections ended for a reason, by its code; what sampling summed up is counted in full. */
	readonly counts: ReadonlyMap<string, number>;
	readonly lines: number;
};

/** The server under attack, in a process of its own, with what can be measured of it from outside. */
export class AbuseServer {
	readonly process: ServerProcess;
	#next = 0;

	private constructor(process: ServerProcess) {
		this.process = process;
	}

	/** Starts a server. `settings` are `--set` values that come after those with short deadlines. */
	static async start(settings: readonly string[] = [], prefix: readonly string[] = []): Promise<AbuseServer> {
		const args = [...SETTINGS, ...settings].flatMap(setting => ["--set", setting]);
		return new AbuseServer(await ServerProcess.start({ args, prefix }));
	}

	get port(): number {
		return this.process.place.rtmpPort;
	}

	/** An address of 127.0.0.0/8 that no other connection of this server has: its log lines are its own, unsampled. */
	address(): string {
		const number = ++this.#next;
		return `127.10.${1 + Math.floor(number / 250)}.${1 + (number % 250)}`;
	}

	/** A connection that has sent nothing. */
	open(address = this.address()): Promise<RawClient> {
		return RawClient.open(this.port, address);
	}

	/** A connection after the handshake. */
	async openShaken(address?: string): Promise<RawClient> {
		const client = await this.open(address);
		await client.handshake();
		return client;
	}

	/** A connection that the application `live` has accepted. */
	async openConnected(address?: string): Promise<RawClient> {
		const client = await this.openShaken(address);
		await client.connect();
		return client;
	}

	/** A connection that publishes on its stream 1. */
	async openPublishing(name: string, address?: string): Promise<RawClient> {
		const client = await this.openConnected(address);
		await client.createStream();
		await client.publish(name);
		return client;
	}

	/** The reason with which the server logged the end of a client's connection. Throws when none comes in time. */
	async reasonFor(client: RawClient, timeoutMillis: number): Promise<string> {
		const { fields } = await this.process.waitForEvent(
			"disconnect",
			timeoutMillis,
			line => line["from"] === client.address,
		);
		return String(fields["reason"]);
	}

	/** Why the server logged that it let go of a client before it was one. Throws when nothing comes in time. */
	async refusalOf(client: RawClient, timeoutMillis: number): Promise<string> {
		const { fields } = await this.process.waitForEvent(
			"refuse",
			timeoutMillis,
			line => line["from"] === client.address,
		);
		return String(fields["text"]);
	}

	/** How often clients from addresses that begin with `prefix` were let go of before they were any, from log line number `from` on. */
	refusals(from: number, prefix: string): number {
		let count = 0;
		for (const { fields } of this.process.log.slice(from)) {
			if (fields["event"] !== "refuse" || !String(fields["from"]).startsWith(prefix)) continue;
			count += Number(fields["repeated"] ?? 1);
		}
		return count;
	}

	/** Ends of connections from log line number `from` on, and from addresses that begin with `prefix`. */
	ends(from: number, prefix: string): Ends {
		const counts = new Map<string, number>();
		let lines = 0;
		for (const { fields } of this.process.log.slice(from)) {
			if (fields["event"] !== "disconnect" || !String(fields["from"]).startsWith(prefix)) continue;
			lines++;
			const reason = "reason" in fields ? String(fields["reason"]) : "repeated";
			counts.set(reason, (counts.get(reason) ?? 0) + Number(fields["repeated"] ?? 1));
		}
		return { counts, lines };
	}

	/** Resident memory in bytes. */
	rss(): number {
		const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.process.pid}/status`, "utf8"));
		return Number(line?.[1]) * 1024;
	}

	/** Processor time used so far, in milliseconds. */
	cpuMillis(): number {
		const fields = readFileSync(`/proc/${this.process.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
		return (Number(fields[11]) + Number(fields[12])) * 10;
	}

	/** How many file descriptors it has open. */
	descriptors(): number {
		const line = /FDSize:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, "utf8"));
		return Number(line?.[1]);
	}

	stop(): Promise<void> {
		return this.process.stop();
	}
}

export function sleep(millis: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, millis));
}
