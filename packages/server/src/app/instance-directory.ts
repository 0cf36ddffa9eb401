import { ApplicationInstance, type InstanceClient } from "./instance.ts";
import type { ApplicationHost } from "./port.ts";

/** The running instances. One is started for its first client and unloaded after its last. */
export class InstanceDirectory {
	readonly #host: ApplicationHost;
	readonly #instances = new Map<string, ApplicationInstance>();

	constructor(host: ApplicationHost) {
		this.#host = host;
	}

	instances(): IterableIterator<ApplicationInstance> {
		return this.#instances.values();
	}

	/** The instance of that name, which is started where it does not run. */
	open(application: string, instance: string): ApplicationInstance {
		const key = `${application}/${instance}`;
		let found = this.#instances.get(key);
		if (found === undefined) {
			found = new ApplicationInstance(application, instance, this.#host);
			this.#instances.set(key, found);
		}
		return found;
	}

	/** A client has left its instance. */
	leave(instance: ApplicationInstance, client: InstanceClient): void {
		instance.disconnect(client);
		if (instance.clientCount > 0) return;
		const key = `${instance.application}/${instance.instance}`;
		if (this.#instances.get(key) !== instance) return;
		this.#instances.delete(key);
		instance.close();
	}

	/** Unloads everything. */
	stop(): void {
		for (const instance of this.#instances.values()) instance.close();
		this.#instances.clear();
	}
}
