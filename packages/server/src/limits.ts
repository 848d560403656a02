// layout: one table, to be read as one
import { wireLimits } from "@novacore/protocol";

/**
 * Everything has a limit, and every limit stands here with its unit and its reason. Relations
 * between limits are checked at start by `assertLimits`.
 */
export const limits = {
  // What clients are told: see the protocol package
  ...wireLimits,

  // Readings in
  /** One reading as a gateway sends it. nats-server's max_payload is larger for batches. */
  readingBytesMax: 64 * 1024,
  /**
   * What one gateway may publish unacknowledged in the window: 2 000 a second for long, ten times
   * that at once. A home sends ten; more belongs into uploads, which push back.
   */
  gatewayRateWindowMs: 10_000,
  gatewayRateReadingsMax: 20_000,
  /** How long a gateway that published more stays outside. */
  gatewayBlockMs: 10_000,
  /** Readings in one HTTP upload or acknowledged NATS batch. */
  batchReadingsMax: 10_000,
  /** Body of one upload, unpacked: 10 000 readings of 800 bytes, with room. */
  uploadBytesMax: 16 * 1024 * 1024,
  /** NATS message with a batch: the request form of an upload. */
  natsPayloadBytesMax: 8 * 1024 * 1024,
  /** How far a gateway's clock may run ahead; beyond it a reading would stay the newest for ever. */
  clockAheadMs: 5 * 60_000,
  /** A reading that comes later than this after it was measured is marked `backfilled`. */
  backfilledAfterMs: 5 * 60_000,
  /** Readings older than this are not for the live stream, which keeps as much. */
  backfillMs: 7 * 86_400_000,
  /** The oldest readings that an upload may hold, for the archive alone: ten years. */
  archiveBackfillMs: 3_650 * 86_400_000,
  /**
   * Days of such readings in one upload: each is a file of its own, which costs 12 ms and has to be
   * merged. A reading an hour fills an upload with so many days four times over.
   */
  uploadOldDaysMax: 100,
  /** How long a stream that was full is told as a problem, and how soon more should be sent to it. */
  streamFullToldMs: 60_000,
  /** How long (der_id, timestamp) is remembered. */
  dedupeWindowMs: 10 * 60_000,
  /** Members of one reading: bounds the work that a hostile payload can cause. */
  readingMembersMax: 256,
  /** Nesting of a member that the schema does not know; JSON.stringify recurses. */
  readingDepthMax: 16,
  /** Readings of one hub between arrival and answer; twice what the publisher has under way. */
  ingestInFlightMax: 4_000,
  /** Bytes of the same; holds several of the largest messages. */
  ingestInFlightBytesMax: 32 * 1024 * 1024,
  /** Uploads being worked on at once, of one gateway and of all; more are asked to come again. */
  uploadsPerGatewayMax: 4,
  uploadsMax: 64,
  /** Longest wait for an upload's readings to be stored. */
  uploadMs: 30_000,
  /** Timestamps remembered for all DERs: 10 000 at 1 Hz for ten minutes, at 4 bytes each. */
  dedupeEntriesMax: 8_000_000,
  /** Timestamps remembered for one DER: looking through them takes 10 µs at most. */
  dedupeEntriesPerDerMax: 65_536,
  /** Stored readings read at start to remember them: 2 million take 15 s. */
  dedupeWarmUpMax: 2_000_000,
  /** Gateways whose lateness, clock and read time are known, each by so many readings: 10 MB. */
  gatewayClocksMax: 20_000,
  gatewayClockReadings: 32,
  /** A gateway of which nothing came for this long is forgotten. */
  gatewayClockIdleMs: 3_600_000,
  /** Gateways that have lateness metrics of their own, 13 series each; the rest share one. */
  latenessGatewaysMax: 100,
  /** Gateways whose devices are held in memory. */
  gatewayTreesMax: 20_000,
  /** Least time between two readings of one gateway's devices: bounds what unknown DERs cost. */
  gatewayTreeReloadMs: 100,
  /**
   * DERs of one device: an inverter with every tracker and meter has a tenth of them. Answers hold all
   * DERs of a device, whatever a page is.
   */
  dersPerDeviceMax: 64,

  // Streams
  gatewayTelemetryAgeMs: 86_400_000,
  gatewayTelemetryBytesMax: 4 * 1024 ** 3,
  enrichedTelemetryAgeMs: 7 * 86_400_000,
  enrichedTelemetryBytesMax: 64 * 1024 ** 3,
  /** What is too old for that stream and not archived yet: 20 million readings. */
  backfillTelemetryBytesMax: 8 * 1024 ** 3,
  rejectedTelemetryAgeMs: 86_400_000,
  rejectedTelemetryBytesMax: 1024 ** 3,
  /** Rejections kept of one gateway: one whole upload. */
  rejectionsPerGatewayMax: 10_000,
  /** Bytes of a refused reading that are kept; the rest is cut off and marked. */
  rejectedOriginalBytesMax: 64 * 1024,
  rejectionsPageMax: 1_000,
  gatewayStateBytesMax: 1024 ** 3,
  /** An inventory of 128 KiB, with room for its header. */
  gatewayStateMessageBytesMax: 132 * 1024,
  /** MQTT QoS 1 messages not yet ingested; when full, gateways get no PUBACK. */
  mqttMessagesBytesMax: 4 * 1024 ** 3,
  /** Retained MQTT messages of all gateways: inventories of up to 128 KiB. */
  mqttRetainedBytesMax: 1024 ** 3,
  /** Window in which JetStream itself refuses a repeated Nats-Msg-Id: 190 bytes of memory an id. */
  streamDuplicateWindowMs: 2 * 60_000,
  /** Raw messages handed to the hub and not yet acknowledged. */
  ackPendingMax: 20_000,
  /** Messages in one atomic batch: 250 won 60 % over 100 when measured, 500 a little more. */
  publishBatchMax: 250,
  /** Longest wait for a batch to fill: the price in latency. */
  publishBatchWaitMs: 2,
  /** Bytes of one atomic batch. */
  publishBatchBytesMax: 1024 * 1024,
  /** Batches waiting for their acknowledgement. */
  publishInFlightMax: 8,
  /** Readings waiting for a batch; beyond it they are refused as `unavailable`. */
  publishQueueMax: 50_000,
  /** Readings waiting at which sources are asked to pause. */
  publishQueueHigh: 2_000,
  /** Longest wait for an acknowledgement before the readings are sent again. */
  publishAckMs: 10_000,

  // nats-server
  natsConnectionsMax: 65_536,
  /** Bytes waiting for one client before it is cut as slow; holds several of the largest messages. */
  natsPendingBytesMax: 64 * 1024 * 1024,
  /**
   * A line of NATS's protocol. The longest is that of a login, with a JWT of 400 to 900 bytes; the
   * rest of it would be for reply subjects, which nats-server keeps for each request of a back end.
   */
  natsControlLineBytesMax: 2_048,
  natsWriteMs: 5_000,
  natsPingMs: 30_000,
  /**
   * How long a client may take to log in, the callout included. Whoever connects in the moment
   * between nats-server's start and the callout's waits this long to be sent away, and so does a
   * nats-server that is asked to stop meanwhile.
   */
  natsAuthMs: 4_000,
  /** JetStream in memory: MQTT sessions and consumers, no stream of ours. */
  natsMemoryBytesMax: 256 * 1024 ** 2,
  /** JetStream on disk: the streams' own limits reserve their share of it. */
  natsStoreBytesMax: 96 * 1024 ** 3,
  /** Subscriptions of one gateway or device: its control subjects and its inbox. */
  deviceSubscriptionsMax: 256,
  /** Accounts that stand ready for back ends, one organization each. */
  externalAccounts: 64,
  /** Connections of all back ends of one organization. */
  backEndConnectionsMax: 512,
  /** Subscriptions of one back end's connection: a hundred sites, ten ways. */
  backEndSubscriptionsMax: 1_000,
  /** What a back end sends are requests for readings, a few hundred bytes each. */
  backEndPayloadBytesMax: 16 * 1024,
  /**
   * Requests to their consumers of all back ends of one organization. When measured, a client's own
   * `consume` sent 1 400 a second for 35 000 readings, and one that fetches them one by one 3 500.
   */
  backEndRequestsPerSecondMax: 5_000,
  /** How often it is looked whether one asks more: 30 000 a second were possible when measured. */
  backEndWatchMs: 250,
  /** Then requests are heard along for so long, or until there are so many. */
  backEndSampleMs: 100,
  backEndSampleMax: 1_000,
  /** How long a back end that asked more stays outside. */
  backEndBlockMs: 60_000,
  /** How long nats-server remembers where the answer to an acknowledgement or an INFO goes. */
  backEndAnswerMs: 2_000,
  /** The same for a pull request, which waits for readings; twice this long at most. */
  backEndPullAnswerMs: 70_000,
  /** Integrations of one organization: each can hold connections and ask nats-server for readings. */
  integrationsPerOrgMax: 100,
  /** Sites that an integration can be limited to: each stands in the permissions of its login. */
  integrationSitesMax: 100,
  /** How exactly it is known when an integration was last here: bounds what its logins write. */
  lastSeenMs: 60_000,
  /** Consumers of one integration: each is three literal subjects in its permissions. */
  consumersPerIntegrationMax: 16,
  /** Longest wait for nats-server to recover its streams at start. */
  natsStartMs: 5 * 60_000,
  /** Longest wait for nats-server to stop by itself. */
  natsStopMs: 10_000,

  // Readings out
  /** Bytes queued for one listener before it is closed as slow. */
  subscriberQueueBytesMax: 1024 * 1024,
  /** Stored readings kept in memory per site for short reconnects. */
  ringMs: 2 * 60_000,
  ringBytesMax: 1024 * 1024,
  /** All rings of one hub together. */
  ringsBytesMax: 32 * 1024 * 1024,
  /** Replays from the stream at once: JetStream scans, and publishing must not starve. */
  replaysMax: 8,
  /** Streams of one identity waiting for their turn to replay; beyond it it is told to come back. */
  replayWaitersMax: 1_000,
  /** One turn of a replay: short, since the server holds its store's lock while it scans. */
  replayBatchReadings: 256,
  replayBatchBytesMax: 256 * 1024,
  /** Replays from the archive at once, beside the queries of people. */
  archiveReplaysMax: 1,
  /** One turn of such a replay: 10 to 50 ms for a home, whatever the number of its readings. */
  archiveBatchReadings: 1_000,
  archiveBatchBytesMax: 512 * 1024,
  /** Readings in the files that one turn looks through, and that a search for the newest does. */
  archiveScanReadings: 1_000_000,
  archiveNewestScanReadings: 5_000_000,
  /** The same in files, which may be small. */
  archiveScanFiles: 500,
  /** DERs whose newest readings are searched for in the archive, 150 bytes of memory each. */
  archiveNewestDersMax: 100_000,
  /** A read from the stream that takes longer has failed: the connection is down, or the server. */
  replayTimeoutMs: 10_000,
  /** DERs of a snapshot whose newest reading is searched for when the last one came late. */
  newestSearchesMax: 64,
  /** Reads that bring the search nearer, each by half: of a million readings to sixteen. */
  lookBackTurnsMax: 16,
  /** Live readings held back while the feed catches up after a reconnect. */
  feedHeldBytesMax: 8 * 1024 * 1024,
  heartbeatMs: 15_000,
  /** How long a listener that was too slow may still take what was queued for it. */
  slowGraceMs: 10_000,
  /** In which time all streams are ended at a shutdown, spread so that they do not return at once. */
  drainMs: 3_000,
  streamsPerIdentityMax: 1_000,
  streamsPerAddressMax: 2_000,
  /** Readings gathered for a frame of several: sent before their time when they are more. */
  gatheredBytesMax: 256 * 1024,

  // Consumers of back ends
  /** Subjects that one consumer reads: the server compares each message with all of them. */
  consumerFiltersMax: 100,
  /** Readings delivered to one consumer and not yet acknowledged. */
  consumerAckPendingMax: 5_000,
  /** After which an unacknowledged reading is delivered again. */
  consumerAckWaitMs: 30_000,
  /** Pull requests of one consumer waiting at once: several processes may share it. */
  consumerRequestsMax: 64,
  /** Readings and bytes that one pull request may ask for; clients' own defaults are 100 to 500. */
  consumerRequestReadingsMax: 5_000,
  consumerRequestBytesMax: 8 * 1024 * 1024,
  /**
   * How long one pull request may wait; clients' own default is 30 s. Between accounts nats-server
   * forgets after backEndPullAnswerMs without an answer whom it has to bring it to.
   */
  consumerRequestMs: 60_000,
  /** A consumer from which nobody reads for this long is removed: twice what the stream keeps. */
  consumerInactiveMs: 14 * 86_400_000,
  /** Above so many readings to come a consumer is replaying, not following. */
  consumerReplayingPending: 10_000,
  /** Consumers that replay at once: JetStream scans, and live publishing must not starve. */
  replayingConsumersPerOrgMax: 4,
  replayingConsumersMax: 32,
  /**
   * Readings delivered to all replays together and not yet acknowledged: how fast they go. Without
   * it twenty of them left live publishing 8 % of its rate when measured, with 160 it was 80 %.
   */
  replayInFlightMax: 80,
  /** A replay that nobody has read from for this long costs nothing, and is not counted for all. */
  consumerRecentMs: 60_000,
  /** How soon somebody who may not replay now should ask again: a million readings take as long. */
  replayRetryMs: 30_000,
  /** Consumers that an organization has made or reset within a minute: it takes 10 ms each. */
  consumerChangesPerMinute: 120,
  /** Least time between two looks at what the registry's changes mean for consumers. */
  consumerUpkeepMs: 1_000,
  /** Longest time between two looks at which of them replay, and which have caught up. */
  consumerPaceMs: 5_000,
  /**
   * How long before a change was heard a DER may have been known, and its readings passed by; and
   * how long before its start a hub may have died between a change and that look.
   */
  consumerMarginMs: 5_000,
  consumerCatchUpMs: 10 * 60_000,

  // WebSocket
  /** How long a client may take to say who it is. */
  socketAuthMs: 5_000,
  /** Sockets that have not said who they are, of one address and of all. */
  strangersPerAddressMax: 200,
  strangersMax: 2_000,
  /** Frames of one socket: a storm of 1 000 at once passes, 100 a second for long. */
  frameBurstMax: 1_000,
  framesPerSecond: 100,
  /** Subscriptions that one socket may begin: all it can have twice over, then 20 a second. */
  subscribeBurstMax: 512,
  subscribesPerSecond: 20,
  /** Frames of a socket that has not said who it is: one says it. */
  strangerFramesMax: 20,
  /** Ids in all subscriptions of one socket: each is kept as long as the subscription is. */
  idsPerSocketMax: 8_192,
  /** Ids of a subscription that are as much to ask as one subscription more. */
  idsPerSubscribe: 16,
  /** Questions to the registry in a turn: each is a few queries, and others have to be heard. */
  questionsPerTurn: 16,
  /** Frames refused for their rate before the socket is closed. */
  framesRefusedMax: 1_000,
  /** Frames of one socket waiting for those before them; then the socket is not read. */
  framesWaitingMax: 64,
  /** Bytes below which a frame is not worth compressing. */
  deflateBytesMin: 1_024,
  /** Inflating at once, of all sockets: each holds a window of 32 KiB and its output. */
  inflateAtOnceMax: 8,

  // Liveness
  /** How often a DER of which nothing is known yet is taken to send. */
  livenessExpectedMs: 60_000,
  /** Readings that arrive within this time came together. */
  livenessBurstMs: 500,
  /** Gaps between arrivals from which the expected one is learnt. */
  livenessGaps: 8,
  /** Stale after three expected gaps, offline after ten, within these bounds. */
  livenessStaleMs: { min: 10_000, max: 6 * 3_600_000 },
  livenessOfflineMs: { min: 60_000, max: 24 * 3_600_000 },
  /** DERs of which a new watcher is told at once; then others have their turn. */
  livenessPortion: 100,
  /** Longest time between two looks at the DERs of a site that somebody watches. */
  livenessLookMs: 5_000,

  // Status
  /** Arrivals before the last one that are looked up to learn how often a DER sends. */
  statusLooksBack: 2,
  /** DERs of which that is done. */
  statusSearchesMax: 32,
  /** How long an answer of nats-server about a gateway's connections is good. */
  gatewayConnectionsMs: 2_000,
  /** Gateways that nats-server is asked about at once. */
  gatewaysAskedAtOnce: 8,
  /** A gateway that was heard of within this time is there, connected or not: HTTP leaves no trace. */
  gatewayPresentMs: 60_000,
  /** Rejections within this time say why a DER is silent; so many of them are looked at. */
  rejectedRecentlyMs: 10 * 60_000,
  rejectionsLookedAtMax: 256,
  rejectionsLookedAtBytesMax: 1024 * 1024,

  // Energy
  /** A site's energy is asked for so long at most: a year, with the days around it. */
  energyRangeMs: 400 * 86_400_000,
  /** Quarters and hours in one answer, 700 bytes each: 15 weeks of quarters. */
  energyPeriodsMax: 10_080,
  /** Quarters of all DERs that one answer is made of, 300 bytes of memory each: a year of six. */
  energyCellsMax: 230_400,
  /** The same with DERs that are there no more, and the days around. */
  energyCellsReadMax: 345_600,

  // History
  /** Queries that run at once, beside archiveReplaysMax; each may use every thread of DuckDB's. */
  historyQueriesMax: 2,
  /** Queries that wait for their turn; of those who have one waiting more are asked to come again. */
  historyWaitingMax: 64,
  /** The same of those who have none: each is let in once, and bounded all the same, 2 KiB each. */
  historyPartiesMax: 1_000,
  /** Queries under way, the reading of the stream before them and the answer included. */
  historyTurnsMax: 3,
  /** Of one identity: the last turn is always another's. */
  historyTurnsPerIdentityMax: 2,
  /** Queries of one identity that may wait: as many as a page of charts asks for at once. */
  historyWaitingPerIdentityMax: 24,
  /** How soon they should: a few turns later. */
  historyRetryMs: 2_000,
  /** How long one query may run, and how long its client may wait for its turn before that: for two. */
  historyQueryMs: 15_000,
  historyWaitMs: 30_000,
  /** Queries that wait for files from a bucket, of all and of one identity; they have no turn then. */
  historyFetchesMax: 6,
  historyFetchesPerIdentityMax: 2,
  /** How long they may wait: what has come by then stays for the next time. */
  historyFetchMs: 15_000,
  historyThreads: 2,
  /** What DuckDB may keep in memory; what does not fit goes to disk, up to the second. */
  historyMemoryBytesMax: 512 * 1024 ** 2,
  historyTempBytesMax: 4 * 1024 ** 3,
  /** Heap of the thread that turns results into answers. */
  historyHeapMiB: 1_024,
  /** Readings not archived yet that one query reads from the stream, 200 bytes of memory each. */
  historyTailReadingsMax: 100_000,
  /** The same in bytes, where readings are long. */
  historyTailBytesMax: 64 * 1024 ** 2,
  /** Readings in one page, and points of one DER. */
  historyRowsMax: 10_000,
  historyRowsDefault: 1_000,
  historyPointsMax: 10_000,
  historyPointsDefault: 1_000,
  /** Points of all DERs in one answer: a site of ten, all points each. */
  historyAnswerRowsMax: 100_000,
  /** Fields × aggregates of one answer. */
  historyColumnsMax: 100,
  /** Points × columns of one answer, some 10 bytes each as JSON. */
  historyAnswerCellsMax: 1_000_000,
  /** Members of readings that have no column of their own, in one page of readings. */
  historyPageExtraBytesMax: 8 * 1024 ** 2,
  /** Answers that one identity has not read yet; beyond them it gets no other. */
  historyUnreadBytesMax: 64 * 1024 ** 2,
  /** After which a client that takes nothing of its answer is cut. */
  historyStallMs: 30_000,
  /** Readings out of which lttb picks: a DER's month at 1 Hz, 16 bytes each. */
  historyLttbReadingsMax: 2_700_000,
  /** Files that one query reads, a millisecond each: ten years of days, and a third more. */
  historyFilesMax: 5_000,
  /** Longest range of single readings; of aggregated ones, ten years and what backfill may add. */
  historyRawMs: 31 * 86_400_000,
  historyRangeMs: 3_660 * 86_400_000,
  /** Devices in one answer of the latest readings, and by default. */
  latestDevicesMax: 200,
  /** Subjects in one question for their last readings; nats-server answers up to 1 024. */
  latestSubjectsMax: 500,
  /** How far back the last reading of a DER is searched that has been silent for long. */
  latestBackMs: 400 * 86_400_000,

  // Archive
  /** Readings gathered for a file, and bytes of them: written earlier than its time when more. */
  archiveGatheredMax: 200_000,
  /** Of one site, as in a bulk upload: its queries read up to historyTailReadingsMax beside the files. */
  archiveGatheredOfSiteMax: 25_000,
  archiveGatheredBytesMax: 128 * 1024 * 1024,
  /** Readings and bytes that the archive's writer asks for at once. */
  archiveReadMessages: 2_000,
  archiveReadBytesMax: 8 * 1024 * 1024,
  /** A read that takes longer has failed. */
  archiveReadMs: 10_000,
  /** How often the writer looks for new readings: a portion is cheaper than each by itself. */
  archiveLookMs: 1_000,
  /** After which nats-server forgets a writer that is gone; longer than writing files takes. */
  archiveFollowerIdleMs: 10 * 60_000,
  /** DuckDB's memory: for 200 000 readings of thirty members, several times over. */
  archiveWriteBytesMax: 512 * 1024 ** 2,
  /** The same for merging files; what does not fit goes to the disk, up to so much. */
  archiveMergeBytesMax: 512 * 1024 ** 2,
  archiveMergeDiskBytesMax: 16 * 1024 ** 3,
  /** One file of the archive to or from a bucket. */
  archiveTransferMs: 600_000,
  /** After which a file of which nothing more comes is given up. */
  archiveStallMs: 15_000,
  /** Files that are fetched from a bucket at a time, for one query. */
  archiveFetchesAtOnce: 8,
  /** How long what was fetched stays, whatever the room: longer than a query waits and runs. */
  archiveCacheKeptMs: 120_000,
  /** Files of one day that lie over one another before they are merged: so many are read at once. */
  archiveMergeFiles: 8,
  /** Files merged at once. */
  archiveMergeInputsMax: 256,
  /** Readings in a merged file: 10 MB or so. A day that has more is cut between DERs. */
  archiveFileRowsMax: 1_000_000,
  /** After its end a day is finished: what comes on time is there. */
  archiveDayEndMs: 3_600_000,
  /** How long nothing comes to a finished day before all of it is merged. */
  archiveQuietMs: 10 * 60_000,
  /** How long a file that was replaced stays for queries that read it; they take far less. */
  archiveGarbageMs: 10 * 60_000,
  /** Least time between two looks at what is to merge, and longest between two at all days. */
  archiveUpkeepMs: 15_000,
  archiveSurveyMs: 10 * 60_000,
  /** How often the archive's files are counted. */
  archiveCountMs: 60_000,
  /** Wait before the archive is started again after a failure; doubled with each. */
  archiveRestartMs: { min: 1_000, max: 60_000 },
  /** Beyond its interval so late, the archive is said to have a problem. */
  archiveLagMs: 10 * 60_000,
  /** How long a stop waits for what was gathered to be written; it comes again if it is not. */
  archiveStopMs: 10_000,
  /** How long a file that a query could not read is told as a problem, and not logged again. */
  archiveDamageToldMs: 10 * 60_000,
  /** Days that an organization's readings can be kept. */
  retentionDaysMax: 36_500,

  // Realtime port
  /** Sockets at the realtime port; each of a tunnel holds two descriptors of the process. */
  realtimeConnectionsMax: 20_000,
  /** How long a client may take for its TLS handshake, and for its request after that. */
  realtimeHeadersMs: 10_000,
  /** A handshake with a long token and cookies; also what is taken as nats-server's answer to it. */
  realtimeHeaderBytesMax: 16 * 1024,
  /** How long nats-server may take to answer a handshake: its own limit for one. */
  tunnelHandshakeMs: 5_000,
  /** How long one side may still take what was sent to it when the other has ended. */
  tunnelLingerMs: 10_000,
  /**
   * How long a client may take nothing of what waits for it, up to twice this long. nats-server cuts
   * it after natsWriteMs, which shows only when its bytes are read.
   */
  tunnelStallMs: 10_000,
  /** Silence after which a peer is asked whether it is there; both ends run NATS pings as well. */
  tunnelKeepAliveMs: 60_000,
  /** Tunnels from one address; a NAT with this many gateways is a large site. */
  tunnelsPerAddressMax: 2_000,
  /** How often the TLS files are looked at: a renewed certificate is in use this soon. */
  tlsPollMs: 5_000,
  /** Renewal runs a month ahead as a rule; two weeks leave time to mend it. */
  tlsExpiryWarningMs: 14 * 86_400_000,

  // Access
  challengeMs: 5 * 60_000,
  tokenMs: 24 * 3_600_000,
  ticketMs: 3_600_000,
  /** Sites in one ticket: it travels in a URL, at 40 bytes a site. */
  ticketSitesMax: 100,
  /** Challenges open at once, about 200 bytes each; the oldest gives way. */
  challengesMax: 50_000,
  /** How long a key signs tokens before a new one does. */
  signingKeyMs: 30 * 86_400_000,
  /** Tokens whose signature need not be verified again, about 1 KiB each. */
  verifiedTokensMax: 10_000,
  /** How long another hub's revocation may take to be noticed; this hub's own is at once. */
  identityRecheckMs: 5_000,
  /** How long before its token expires a stream warns. */
  tokenWarningMs: 60_000,
  claimAgeMs: 10 * 60_000,
  loginLeewayMs: 60_000,
  /** Public keys held ready to verify with, of each kind, about 1 KiB each. */
  keyObjectsMax: 4_096,
  /** Logins checked at once; each costs about a millisecond of CPU and a few registry queries. */
  loginsAtOnceMax: 64,
  /** Logins waiting their turn: what 1 000 a second work off before nats-server stops waiting. */
  loginsQueuedMax: 4_000,
  /** One login's check; ends before nats-server's own patience does. */
  loginMs: 3_000,
  /** Lines about refused logins a second; the rest is counted. */
  loginRefusalsLoggedPerSecond: 10,
  /** Requests per minute and address on /auth and /identity. */
  authRequestsPerMinute: 300,
  /** REST requests per minute of one identity: 200 a second, each about a millisecond of CPU. */
  requestsPerMinute: 12_000,
  /** Queries of one identity: a page with twenty charts, reloaded every few seconds. */
  historyRequestsPerMinute: 600,
  /** The longest part of a path: a P-256 key in hex. */
  pathPartCharactersMax: 128,
  /** Body of a REST request that is no upload: a device with all its DERs takes a tenth. */
  requestBytesMax: 64 * 1024,
  /** Items of a list: the default as well, for clients that know no paging. */
  pageItemsMax: 1_000,
  keysPerIdentityMax: 16,
} as const;
