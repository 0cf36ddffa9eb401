import type { ConnectParameters, NetStatus } from "@millrace/core/rtmp";
import type { Attempt, AttemptPlan } from "./attempt-list.ts";
import type { AttemptRecord } from "./attempt-record.ts";
import type { DriverOptions } from "./connection-driver.ts";
import { Connector } from "./connector.ts";
import type { ClientPlatform } from "./platform.ts";

/** What came of trying one road. Times are in milliseconds. */
export type RoadReport = Pick<AttemptRecord, "protocol" | "host" | "port" | "proxy"> & {
	/** The handshake was done, and with an application the server has accepted. */
	readonly works: boolean;
	/** From the start until that was known. */
	readonly millis: number;
	/** From the open connection to the end of the handshake, which is one round trip; through HTTP it is some requests. */
	readonly roundTripMillis?: number;
	/** Why it does not work, in words. */
	readonly reason?: string;
	/** The code of the status with which the server answered, where it was asked. */
	readonly answer?: string;
};

/** How roads are tried. */
export type PortTestOptions = {
	readonly driver: DriverOptions;
	/** Longest wait for one road's connection and handshake, in milliseconds. */
	readonly timeoutMillis: number;
	/** What `connect` says; without it the test ends with the handshake. */
	readonly request?: Omit<ConnectParameters, "tcUrl"> | undefined;
	/** Hears of each road as soon as it is known. */
	readonly onReport?: (report: RoadReport) => void;
};

/** Tries roads side by side, each by itself, and tells of each whether it leads to the server. The order is kept. */
export async function testRoads(
	platform: ClientPlatform,
	attempts: readonly Attempt[],
	options: PortTestOptions,
): Promise<RoadReport[]> {
	return Promise.all(
		attempts.map(async attempt => {
			const report = await testRoad(platform, attempt, options);
			options.onReport?.(report);
			return report;
		}),
	);
}

function testRoad(platform: ClientPlatform, attempt: Attempt, options: PortTestOptions): Promise<RoadReport> {
	const { driver, timeoutMillis, request } = options;
	const plan: AttemptPlan = {
		attempts: [attempt],
		order: "sequential",
		headStartMillis: 0,
		staggerMillis: 0,
		attemptTimeoutMillis: timeoutMillis,
		overallTimeoutMillis: Number.POSITIVE_INFINITY,
	};
	return new Promise(resolve => {
		const startedAt = platform.now();
		const finish = (record: AttemptRecord, works: boolean, answer?: NetStatus): void => {
			const { protocol, host, port, proxy, openMillis, handshakeMillis, reason } = record;
			const millis = platform.now() - startedAt;
			resolve({
				protocol,
				host,
				port,
				proxy,
				works,
				millis,
				...(openMillis === undefined || handshakeMillis === undefined
					? {}
					: { roundTripMillis: handshakeMillis - openMillis }),
				...(works ? {} : { reason: reason ?? "" }),
				...(answer === undefined ? {} : { answer: answer.code }),
			});
			connector.stop();
		};
		const answered = (works: boolean, info: NetStatus): void => finish(connector.attempts[0]!, works, info);
		const connector = new Connector(
			platform,
			plan,
			request ?? { app: "" },
			{
				onAttempt: record => {
					// Nothing has been said yet but the handshake.
					if (record.outcome === "chosen" && request === undefined) finish(record, true);
				},
				onConnectSuccess: info => answered(true, info),
				onConnectReject: info => answered(false, info),
				onStatus: () => undefined,
				onCall: () => undefined,
				onSharedObject: () => undefined,
				onDrain: () => undefined,
				onFailed: () => finish(connector.attempts[0]!, false),
				onClosed: () => undefined,
			},
			driver,
		);
		connector.start();
	});
}
