import { bracketed, type ConnectAddress } from "./address.ts";
import type { UsedProxy } from "./attempt-list.ts";
import type { Road } from "./fallback-rule.ts";

/** The road that led to a server. */
export type WonRoad = Road & { readonly proxy: UsedProxy };

/** Where the road that won is remembered. A program that wants to keep them writes its own with a file behind it. */
export interface RoadMemory {
	/** @param key host and application */
	get(key: string): WonRoad | undefined;
	/** @param road `undefined` forgets it */
	set(key: string, road: WonRoad | undefined): void;
}

const MAX_ROADS = 1000;

/** Remembers roads while the program runs, the latest thousand. `entries` are what a program may keep. */
export class RememberedRoads implements RoadMemory {
	readonly #roads: Map<string, WonRoad>;

	/** @param entries of an earlier run */
	constructor(entries: Iterable<readonly [key: string, road: WonRoad]> = []) {
		this.#roads = new Map(entries);
	}

	get entries(): readonly (readonly [key: string, road: WonRoad])[] {
		return [...this.#roads];
	}

	get(key: string): WonRoad | undefined {
		return this.#roads.get(key);
	}

	set(key: string, road: WonRoad | undefined): void {
		this.#roads.delete(key);
		if (road === undefined) return;
		this.#roads.set(key, { protocol: road.protocol, port: road.port, proxy: road.proxy });
		for (const oldest of this.#roads.keys()) {
			if (this.#roads.size <= MAX_ROADS) break;
			this.#roads.delete(oldest);
		}
	}
}

/** What a road is remembered for: the host and the application, whatever its instance and query. */
export function roadKey(address: ConnectAddress): string {
	return `${address.protocol}://${bracketed(address.host.toLowerCase())}/${/^[^/?]*/.exec(address.app)![0]}`;
}
