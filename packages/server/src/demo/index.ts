export { withDemoFiles } from "./demo-files.ts";
export { DemoPublisher } from "./demo-publisher.ts";
