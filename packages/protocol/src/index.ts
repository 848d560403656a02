export { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
export { type ErrorCode, type ErrorDetail, errorTable, NovacoreError } from "./errors.ts";
export {
  type ClientFrame,
  type ClientOp,
  clientFrames,
  type ServerFrame,
  type ServerOp,
  serverFrames,
  webSocketProtocol,
} from "./frames.ts";
export type {
  BatteryReading,
  EvChargerReading,
  InverterReading,
  MeterReading,
  Origin,
  PvReading,
  V2xChargerReading,
} from "./reading-shapes.ts";
export {
  EnrichedReading,
  originSchema,
  Reading,
  type ReadingType,
  readingSchemas,
  readingTypes,
} from "./readings.ts";
export { Id, Selection } from "./selection.ts";
export {
  backfillSubject,
  type EnrichedAddress,
  enrichedSubject,
  type GatewayTelemetryAddress,
  gatewayTelemetrySubject,
  namePattern,
  parseBackfillSubject,
  parseEnrichedSubject,
  parseGatewayTelemetrySubject,
  sanitiseHardwareId,
} from "./subjects.ts";
export { wireLimits } from "./wire-limits.ts";
