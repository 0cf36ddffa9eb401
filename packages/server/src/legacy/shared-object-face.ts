import type { AmfValue } from "@millrace/core/amf";
import type { SharedObjectProxy } from "../application/index.ts";

/** A shared object beneath one of a script: the instance's own, or that of another server. */
export interface SharedObjectFace {
	readonly name: string;
	readonly version: number;
	readonly keys: readonly string[];
	readonly isDirty: boolean;
	autoCommit: boolean;
	resyncDepth: number;
	get(key: string): AmfValue;
	set(key: string, value: AmfValue): boolean;
	delete(key: string): void;
	send(handler: string, ...args: AmfValue[]): boolean;
	mark(handler: string, ...args: AmfValue[]): boolean;
	clear(): boolean;
	purge(version: number): void;
	lock(): number;
	unlock(): number;
	flush(): Promise<boolean>;
	close(): void;
}

/** A shared object of another server, which keeps it as it wants to (`SharedObject.get` with a `NetConnection`). */
export class ProxiedSharedObject implements SharedObjectFace {
	readonly isDirty = false;
	autoCommit = true;
	resyncDepth = -1;
	readonly #proxy: SharedObjectProxy;

	constructor(proxy: SharedObjectProxy) {
		this.#proxy = proxy;
	}

	get name(): string {
		return this.#proxy.name;
	}

	get version(): number {
		return this.#proxy.version;
	}

	get keys(): readonly string[] {
		return this.#proxy.keys;
	}

	get(key: string): AmfValue {
		return this.#proxy.get(key);
	}

	set(key: string, value: AmfValue): boolean {
		this.#proxy.set(key, value);
		return true;
	}

	delete(key: string): void {
		this.#proxy.delete(key);
	}

	send(handler: string, ...args: AmfValue[]): boolean {
		this.#proxy.send(handler, ...args);
		return true;
	}

	mark(handler: string, ...args: AmfValue[]): boolean {
		return this.send(handler, ...args);
	}

	clear(): boolean {
		this.#proxy.clear();
		return true;
	}

	purge(): void {}

	lock(): number {
		return this.#proxy.lock();
	}

	unlock(): number {
		return this.#proxy.unlock();
	}

	async flush(): Promise<boolean> {
		return true;
	}

	close(): void {
		this.#proxy.close();
	}
}
