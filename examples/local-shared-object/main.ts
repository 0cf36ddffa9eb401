/* Keeps a count and a list from one run to the next in a local shared object: SharedObject.getLocal, data, flush. */
import { SharedObject } from "@millrace/client";

const [folder] = process.argv.slice(2);
const visits = SharedObject.getLocal("visits", "/example", false, folder === undefined ? {} : { folder });
const times = Array.isArray(visits.data["times"]) ? visits.data["times"] : [];
visits.data["times"] = [...times, new Date()].slice(-5);
visits.data["count"] = Number(visits.data["count"] ?? 0) + 1;
console.log(`${visits.flush()}: visit ${visits.data["count"]}, ${visits.size} bytes`);
