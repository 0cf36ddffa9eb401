import { type AbuseServer, sleep } from "./abuse-server.ts";
import type { RawClient } from "./raw-client.ts";

/** What one of the many does, from an open connection on. It may throw: the server may close it at any point. */
export type Offender = (client: RawClient) => Promise<void> | void;

/** What a wave did to the server. */
export type WaveReport = {
	/** How many connections the server accepted. */
	readonly opened: number;
	/** Resident memory above what it was before, in bytes: the most at any time, and after all had been tried. */
	readonly peakGrowth: number;
	readonly settledGrowth: number;
	/** Processor time that the server took, in milliseconds. */
	readonly cpuMillis: number;
};

const ADDRESSES = 200;
const AT_ONCE = 100;
const SAMPLE_MILLIS = 50;
/** How long all offenders stay once each has done its worst, in milliseconds, unless a wave says otherwise. */
const STAY_MILLIS = 1500;

/**
 * Lets so many offenders loose at once, the kinds in turn, and keeps every connection that the server does not close.
 * Memory is read from outside, every 50 ms. `network` is the second part of their addresses, 127.x.
 */
export async function runWave(
	server: AbuseServer,
	kinds: readonly Offender[],
	count: number,
	network: number,
	stayMillis = STAY_MILLIS,
): Promise<WaveReport> {
	const before = server.rss();
	const cpuBefore = server.cpuMillis();
	let peak = before;
	const sampler = setInterval(() => {
		peak = Math.max(peak, server.rss());
	}, SAMPLE_MILLIS);
	const clients: RawClient[] = [];
	const attacks: Promise<void>[] = [];
	try {
		for (let i = 0; i < count; i += AT_ONCE) {
			const group = Array.from({ length: Math.min(AT_ONCE, count - i) }, async (_, at) => {
				const client = await server.open(`127.${network}.0.${1 + ((i + at) % ADDRESSES)}`);
				clients.push(client);
				attacks.push(attack(client, kinds[(i + at) % kinds.length]!));
			});
			await Promise.all(group);
		}
		await Promise.all(attacks);
		await sleep(stayMillis);
		return {
			opened: clients.length,
			peakGrowth: peak - before,
			settledGrowth: server.rss() - before,
			cpuMillis: server.cpuMillis() - cpuBefore,
		};
	} finally {
		clearInterval(sampler);
		for (const client of clients) client.destroy();
	}
}

async function attack(client: RawClient, offender: Offender): Promise<void> {
	try {
		await offender(client);
	} catch (error) {
		// An offender that was closed before it was done has met its end, which the server's log tells.
		if (!client.isClosed) throw error;
	}
}
