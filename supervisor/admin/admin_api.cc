#include "supervisor/admin/admin_api.h"

#include <grpcpp/server_builder.h>

#include <utility>

#include "supervisor/admin/backups_api.h"
#include "supervisor/admin/certificates_api.h"
#include "supervisor/admin/configuration_api.h"
#include "supervisor/admin/events_api.h"
#include "supervisor/admin/firmware_api.h"
#include "supervisor/admin/high_availability_api.h"
#include "supervisor/admin/licenses_api.h"
#include "supervisor/admin/logs_api.h"
#include "supervisor/admin/network_api.h"
#include "supervisor/admin/services_api.h"
#include "supervisor/admin/stats_api.h"
#include "supervisor/admin/synchronization_api.h"
#include "supervisor/admin/system_api.h"
#include "supervisor/admin/tokens_api.h"
#include "supervisor/admin/traffic_api.h"
#include "supervisor/admin/users_api.h"
#include "supervisor/admin/workers_api.h"

namespace aloha::supervisor {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;

}  // namespace

struct AdminApi::Parts {
  explicit Parts(AdminContext admin_context)
      : context(std::move(admin_context)),
        services(context),
        configuration(context),
        workers(context),
        system(context),
        network(context),
        events(context),
        logs(context),
        virtual_services(context),
        servers(context),
        stats(context),
        sessions(context),
        persistence(context),
        certificates(context),
        trust_anchors(context),
        high_availability(context),
        synchronization(context),
        users(context),
        tokens(context),
        licenses(context),
        firmware(context),
        backups(context) {
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
    grpc::Service* const all[] = {
        &services,        &configuration, &workers,          &system,        &network,
        &events,          &logs,          &virtual_services, &servers,       &stats,
        &sessions,        &persistence,   &certificates,     &trust_anchors, &high_availability,
        &synchronization, &users,         &tokens,           &licenses,      &firmware,
        &backups};
    for (grpc::Service* service : all) builder.RegisterService(service);
    server = builder.BuildAndStart();
  }

  AdminContext context;
  ServicesApi services;
  ConfigurationApi configuration;
  WorkersApi workers;
  SystemApi system;
  NetworkApi network;
  EventsApi events;
  LogsApi logs;
  VirtualServicesApi virtual_services;
  ServersApi servers;
  StatsApi stats;
  SessionsApi sessions;
  PersistenceApi persistence;
  CertificatesApi certificates;
  TrustAnchorsApi trust_anchors;
  HighAvailabilityApi high_availability;
  SynchronizationApi synchronization;
  UsersApi users;
  TokensApi tokens;
  LicensesApi licenses;
  FirmwareApi firmware;
  BackupsApi backups;
  std::unique_ptr<grpc::Server> server;
};

AdminApi::AdminApi(AdminContext context) : parts_(std::make_unique<Parts>(std::move(context))) {}

AdminApi::~AdminApi() = default;

grpc::Server* AdminApi::server() const { return parts_->server.get(); }

}  // namespace aloha::supervisor
