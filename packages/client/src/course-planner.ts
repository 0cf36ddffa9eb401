import type { AmfValue, ObjectEncoding } from "@millrace/core/amf";
import type { ConnectParameters } from "@millrace/core/rtmp";
import {
	type AttemptPlan,
	type ClientPlatform,
	type ConnectAddress,
	parseConnectAddress,
	planAttempts,
	type RoadMemory,
	type RoadReport,
	roadKey,
	type SessionCourse,
	testRoads,
} from "./connect/index.ts";
import { type NetConnectionOptions, sessionOptions } from "./net-connection-options.ts";

/** What courses are planned from. */
export type CoursePlannerOptions = {
	readonly platform: ClientPlatform;
	readonly options: NetConnectionOptions;
	/** Which roads led to servers before. */
	readonly memory: RoadMemory;
	/** Which proxies may be used now. */
	proxyType(): string;
};

/** Plans for one connection how addresses are connected to: by which attempts, and with which request. */
export class CoursePlanner {
	readonly #platform: ClientPlatform;
	readonly #options: NetConnectionOptions;
	readonly #memory: RoadMemory;
	readonly #proxyType: () => string;
	#guid = "";

	constructor({ platform, options, memory, proxyType }: CoursePlannerOptions) {
		this.#platform = platform;
		this.#options = options;
		this.#memory = memory;
		this.#proxyType = proxyType;
	}

	/** @throws ArgumentError for what is no address */
	parse(address: string): ConnectAddress {
		const { defaultHost } = this.#platform;
		return parseConnectAddress(address, {
			lenientHost: this.#options.lenientHost === true,
			...(defaultHost === undefined ? {} : { defaultHost }),
		});
	}

	/**
	 * The attempts for an address, as things are now.
	 *
	 * @throws ArgumentError where there can be none
	 */
	plan(address: ConnectAddress): AttemptPlan {
		const { fallback, smart, openTimeoutMillis, searchTimeoutMillis } = this.#options;
		const { page, hasProxy } = this.#platform;
		const plan = planAttempts(address, {
			proxyType: this.#proxyType(),
			remembered: this.#memory.get(roadKey(address)),
			page,
			...(fallback === undefined ? {} : { fallback }),
			...(smart === undefined ? {} : { smart }),
			...(hasProxy === undefined ? {} : { hasProxy }),
		});
		return {
			...plan,
			attemptTimeoutMillis: openTimeoutMillis ?? plan.attemptTimeoutMillis,
			overallTimeoutMillis: searchTimeoutMillis ?? plan.overallTimeoutMillis,
		};
	}

	/**
	 * The course of one `connect`, of which redirects and reconnects are part.
	 *
	 * @param args what goes to the application's `onConnect`
	 */
	course(objectEncoding: ObjectEncoding, args: readonly AmfValue[]): SessionCourse {
		const { flashVersion, properties, smart, swf } = this.#options;
		const guid: AmfValue[] = smart?.appendGuid === true ? [this.#nextGuid(smart.recreateGuid === true)] : [];
		return {
			plan: address => this.plan(address),
			request: address => ({
				app: address.app,
				objectEncoding,
				args: [...address.args, ...args, ...guid],
				...(flashVersion === undefined ? {} : { flashVer: flashVersion }),
				...(properties === undefined ? {} : { properties }),
				...(swf === undefined ? {} : { swf }),
			}),
		};
	}

	/** Tries all roads of a plan side by side, and tells of each as soon as it is known. */
	testRoads(
		{ attempts, attemptTimeoutMillis }: AttemptPlan,
		request: Omit<ConnectParameters, "tcUrl">,
		onReport: (report: RoadReport) => void,
	): Promise<RoadReport[]> {
		const driver = sessionOptions(this.#options, this.#memory);
		return testRoads(this.#platform, attempts, { driver, timeoutMillis: attemptTimeoutMillis, request, onReport });
	}

	/** By which NetConnectionSmart lets an application recognise its client. */
	#nextGuid(isFresh: boolean): string {
		if (this.#guid === "" || isFresh) {
			const hex = Array.from(this.#platform.random(16), byte => byte.toString(16).padStart(2, "0")).join("");
			this.#guid = hex.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
		}
		return this.#guid;
	}
}
