/** Every name of a span or log event, once. Ids go to log fields and span attributes, never into names. */
export const SPANS = {
  run: 'holdfast.run',
  step: 'holdfast.step',
  stepWork: 'holdfast.step.work',
  phase: 'holdfast.step.phase',
  rpc: 'holdfast.rpc',
} as const;
export type SpanName = (typeof SPANS)[keyof typeof SPANS];

/** Gauges; labels are the deployment and the component. */
export const GAUGES = {
  backupLeftOut: {
    name: 'holdfast.backup.left_out',
    description: 'What makes the newest backup partial, by component; 0 everywhere is a complete one',
  },
} as const;

export const EVENTS = {
  serviceStarted: 'service.started',
  repositoryReadOnly: 'repository.read-only',
  secondStoreAway: 'second-store.away',
  serviceStopping: 'service.stopping',
  serviceStopped: 'service.stopped',
  serviceFailed: 'service.failed',
  busConnected: 'bus.connected',
  busDisconnected: 'bus.disconnected',
  busRestored: 'bus.streams-restored',
  busFetchFailed: 'bus.fetch-failed',
  busNoteDropped: 'bus.note-dropped',
  deliveryWaits: 'delivery.waits',
  deliveryAgain: 'delivery.again',
  deliveryParked: 'delivery.parked',
  deliverySilent: 'delivery.silent',
  deliveryUnacknowledged: 'delivery.unacknowledged',
  stepStarted: 'step.started',
  stepCompleted: 'step.completed',
  stepFailed: 'step.failed',
  stepKnown: 'step.known',
  stepJoined: 'step.joined',
  stepUnwanted: 'step.unwanted',
  stepTakenOver: 'step.taken-over',
  runRecovered: 'run.recovered',
  runFinished: 'run.finished',
  runTakenOver: 'run.taken-over',
  runInterrupted: 'run.interrupted',
  runNotRecovered: 'run.not-recovered',
  runAdopted: 'run.adopted',
  beatFailed: 'beat.failed',
  lookFailed: 'look.failed',
  checkpointBroken: 'log.checkpoint-broken',
  runUnannounced: 'run.unannounced',
  periodicNotStarted: 'periodic.not-started',
  previousUnreadable: 'previous.unreadable',
  triggerIgnored: 'trigger.ignored',
  triggerAccepted: 'trigger.accepted',
  dueFailed: 'due.failed',
  callFailed: 'call.failed',
  callCompleted: 'call.completed',
} as const;
