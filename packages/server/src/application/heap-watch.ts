import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { LowMemoryAlarm } from "../app/index.ts";

/**
 * Calls `onLow` when the JavaScript heap of this process or thread is nearly full, in a turn of its own. What is in use
 * is measured behind each full collection, for most of what is there before may be garbage. Who fills the rest of the heap
 * between two collections, or within one turn, ends without having been told.
 *
 * @param limit what V8 was told to keep to, in bytes
 */
export function watchHeap(limit: number, onLow: (used: number) => void): void {
	const alarm = new LowMemoryAlarm();
	const observer = new PerformanceObserver(list => {
		if (!list.getEntries().some(isFullCollection)) return;
		const used = getHeapStatistics().used_heap_size;
		if (alarm.measure(used, limit)) onLow(used);
	});
	observer.observe({ type: "gc" });
}

function isFullCollection(entry: PerformanceEntry): boolean {
	const { detail } = entry as { readonly detail?: { readonly kind?: number } };
	return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}
