import { ApplicationInstance, type InstanceOptions } from "./instance.ts";
import type { InstanceClient } from "./instance-client.ts";
import type { ApplicationHost } from "./port.ts";

/** What the directory needs of the server. */
export type InstanceDirectoryOptions = {
	readonly host: ApplicationHost;
	/** What the instances of an application may use, and how they reach the server. */
	options(application: string, instance: string): Omit<InstanceOptions, "onEnded">;
	/** After how long without clients an instance is asked whether it may end, in milliseconds; 0: it ends with its last one; infinite: it stays. */
	idleMillis(application: string, instance: string): number;
	/** Calls `action` once after a time; returns what calls it off. */
	schedule(millis: number, action: () => void): () => void;
};

/** The running instances. One is started for its first client or by `open`, and unloaded some time after its last client. */
export class InstanceDirectory {
	readonly #options: InstanceDirectoryOptions;
	readonly #instances = new Map<string, Running>();

	constructor(options: InstanceDirectoryOptions) {
		this.#options = options;
	}

	*instances(): IterableIterator<ApplicationInstance> {
		for (const { instance } of this.#instances.values()) yield instance;
	}

	/** The instance of that name where it runs. */
	find(application: string, instance: string): ApplicationInstance | undefined {
		return this.#instances.get(keyOf(application, instance))?.instance;
	}

	/** The instance of that name, which is started where it does not run. */
	open(application: string, instance: string): ApplicationInstance {
		const key = keyOf(application, instance);
		const found = this.#instances.get(key);
		if (found !== undefined) {
			found.callOffEnd?.();
			found.callOffEnd = undefined;
			return found.instance;
		}
		const options = {
			...this.#options.options(application, instance),
			onEnded: (ended: ApplicationInstance) => this.#forget(key, ended),
		};
		const opened = new ApplicationInstance(application, instance, this.#options.host, options);
		// An application that cannot be started has ended already; its first client is told so.
		if (!opened.isClosed) this.#instances.set(key, { instance: opened, callOffEnd: undefined });
		return opened;
	}

	/** A client has left its instance. */
	leave(instance: ApplicationInstance, client: InstanceClient): void {
		instance.disconnect(client);
		if (instance.clientCount > 0) return;
		const key = keyOf(instance.application, instance.instance);
		const running = this.#instances.get(key);
		if (running?.instance !== instance) return;
		const idleMillis = this.#options.idleMillis(instance.application, instance.instance);
		if (idleMillis === Number.POSITIVE_INFINITY) return;
		if (idleMillis === 0) {
			this.#forget(key, instance);
			instance.close("idle");
			return;
		}
		const ask = () => {
			// An application that wants to stay is asked again.
			running.callOffEnd = this.#options.schedule(idleMillis, ask);
			instance.tellIdle();
		};
		running.callOffEnd ??= this.#options.schedule(idleMillis, ask);
	}

	/** Unloads everything. */
	stop(): void {
		const running = [...this.#instances.values()];
		this.#instances.clear();
		for (const { instance, callOffEnd } of running) {
			callOffEnd?.();
			instance.close();
		}
	}

	#forget(key: string, instance: ApplicationInstance): void {
		const running = this.#instances.get(key);
		if (running?.instance !== instance) return;
		running.callOffEnd?.();
		this.#instances.delete(key);
	}
}

type Running = { readonly instance: ApplicationInstance; callOffEnd: (() => void) | undefined };

function keyOf(application: string, instance: string): string {
	return `${application}/${instance}`;
}
