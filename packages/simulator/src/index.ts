export { type Demo, type DemoOptions, startDemo } from "./demo.ts";
export { type DemoDetails, demoFilePath } from "./demo-file.ts";
export { type Dialect, dialects, inDialect, negatesBattery } from "./dialect.ts";
export {
  claimGateway,
  createOrganization,
  createSite,
  logIn,
  type ProvisionedDevice,
  provisionHome,
  type Session,
  signUp,
} from "./enrol.ts";
export { type EnrolledHome, Estate } from "./estate.ts";
export { type Faults, noFaults } from "./faults.ts";
export type { Found } from "./found.ts";
export {
  createVirtualGateway,
  type LoginStyle,
  type VirtualGateway,
  type VirtualGatewayOptions,
} from "./gateway.ts";
export { createHome, type Home, type HomeOptions, type HomeState, homeEpochMs } from "./home.ts";
export type { Log } from "./log.ts";
export type { Speed } from "./pace.ts";
export { createPerson, type Person } from "./person.ts";
export { uniform } from "./random.ts";
export { type HomeDevice, homeDevices } from "./readings.ts";
export { createRestClient, type Resource, type RestClient, RestError } from "./rest-client.ts";
export {
  type HubPlaces,
  type Message,
  type Outcome,
  openSender,
  type Sender,
  type SenderKind,
  senderKinds,
} from "./sender.ts";
export { type Progress, type Simulation, type SimulationOptions, simulate } from "./simulation.ts";
export type { Tally } from "./tally.ts";
export { connectUplink, type Uplink, type UplinkOptions } from "./uplink.ts";
