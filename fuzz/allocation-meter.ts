/** The constructors that reserve memory by a number that a peer may have announced. */
const NAMES = [
	"Array",
	"ArrayBuffer",
	"Int8Array",
	"Uint8Array",
	"Uint8ClampedArray",
	"Int16Array",
	"Uint16Array",
	"Int32Array",
	"Uint32Array",
	"Float32Array",
	"Float64Array",
	"BigInt64Array",
	"BigUint64Array",
] as const;

type SizedConstructor = { new (...parameters: unknown[]): object; readonly BYTES_PER_ELEMENT?: number };

/**
 * Sees how much memory is asked for at once. The engine does not tell: what is reserved for an announced length and
 * dropped at the truncation that follows is collected before any statistics show it.
 */
export class AllocationMeter {
	#largest = 0;
	readonly #originals = new Map<string, SizedConstructor>();

	/** The largest request since the last `reset`, in bytes. */
	get largest(): number {
		return this.#largest;
	}

	reset(): void {
		this.#largest = 0;
	}

	/** Puts itself before the global constructors of this thread. */
	install(): void {
		const scope = globalThis as unknown as Record<string, SizedConstructor>;
		for (const name of NAMES) {
			const original = scope[name]!;
			const elementBytes = original.BYTES_PER_ELEMENT ?? (name === "Array" ? 8 : 1);
			this.#originals.set(name, original);
			const metered: SizedConstructor = new Proxy(original, {
				construct: (target, parameters, newTarget) => {
					if (typeof parameters[0] === "number") this.#note(parameters[0] * elementBytes);
					return Reflect.construct(target, parameters, newTarget === metered ? target : newTarget);
				},
			});
			scope[name] = metered;
		}
	}

	/** Puts the constructors back. */
	uninstall(): void {
		const scope = globalThis as unknown as Record<string, SizedConstructor>;
		for (const [name, original] of this.#originals) scope[name] = original;
	}

	#note(bytes: number): void {
		if (bytes > this.#largest) this.#largest = bytes;
	}
}
