# ActiveRecord as the other program at rowctl's tables: does what each line of standard input asks, and answers with
# a line. See peer.py for what can be asked.
require "logger"
require "active_record"
require "json"
require "zlib"

class Account < ActiveRecord::Base
end

class Document < ActiveRecord::Base
  self.locking_column = "version_number"
end

# Rails begins deferred transactions on SQLite until 7.1, and immediate ones from 8.0 on.
module Immediate
  mattr_accessor :wanted

  def begin_db_transaction
    Immediate.wanted ? raw_connection.execute("BEGIN IMMEDIATE") : super
  end
end

class Peer
  PATIENCE = 30_000 # milliseconds
  MODELS = { "accounts" => Account, "documents" => Document }.freeze

  def connect(dsn:)
    kind, rest = dsn.split(":", 2)
    Immediate.wanted = false
    if kind == "sqlite"
      ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: rest, timeout: PATIENCE)
      adapter = ActiveRecord::Base.connection.class
      adapter.prepend(Immediate) unless adapter < Immediate
    else
      keywords = rest.split.to_h { |word| word.split("=", 2) }
      ActiveRecord::Base.establish_connection(adapter: "postgresql", host: keywords["host"], username: keywords["user"],
                                              database: keywords["dbname"], options: keywords["options"])
    end
    MODELS.each_value(&:reset_column_information)
    @held = {}
    { version: ActiveRecord::VERSION::STRING }
  end

  def load(name:, id:, table: "accounts")
    row(@held[name] = MODELS.fetch(table).find(id))
  end

  def save(name:, **fields)
    @held[name].assign_attributes(fields)
    @held[name].save!
    row(@held[name])
  end

  def destroy(name:)
    @held[name].destroy!
    {}
  end

  def touch(name:)
    @held[name].touch
    row(@held[name])
  end

  def create(table: "accounts", **fields)
    row(MODELS.fetch(table).create!(fields))
  end

  # Both, or neither: as they were loaded.
  def transfer(source:, to:, amount:)
    ActiveRecord::Base.transaction do
      @held[source].update!(balance: @held[source].balance - amount)
      @held[to].update!(balance: @held[to].balance + amount)
    end
    {}
  end

  def add_loop(id:, times:, delta:)
    again = 0
    times.times do
      record = Account.find(id)
      record.update!(balance: record.balance + delta)
    rescue ActiveRecord::StaleObjectError
      again += 1
      retry
    end
    { retries: again }
  end

  # In a transaction until `release`. In SQLite the lock is that of an immediate transaction.
  def lock(name:, id:, wait: true)
    Immediate.wanted = true
    connection = ActiveRecord::Base.connection
    busy_timeout(wait ? PATIENCE : 0)
    begin
      connection.begin_transaction(_lazy: false)
    ensure
      Immediate.wanted = false
      busy_timeout(PATIENCE)
    end
    begin
      row(@held[name] = Account.lock(wait ? "FOR UPDATE" : "FOR UPDATE NOWAIT").find(id))
    rescue StandardError
      connection.rollback_transaction
      raise
    end
  end

  def release(name:, **fields)
    save(name: name, **fields) unless fields.empty?
    ActiveRecord::Base.connection.commit_transaction
    {}
  end

  # What `lock!` means where it is used as it is in the guides.
  def lock_in_transaction(id:, **fields)
    Account.transaction do
      record = Account.find(id)
      record.lock!
      yield_to_caller
      record.update!(fields)
      row(record)
    end
  end

  def update_column(id:, owner:)
    Account.find(id).update_column(:owner, owner)
    {}
  end

  def update_all(id:, owner:)
    Account.where(id: id).update_all(owner: owner)
    {}
  end

  # Saved, and rolled back.
  def roll_back(name:, **fields)
    Account.transaction do
      @held[name].update!(fields)
      raise ActiveRecord::Rollback
    end
    {}
  end

  def increment_counter(id:)
    Account.increment_counter(:balance, id)
    {}
  end

  def forget_version(id:, table: "accounts")
    model = MODELS.fetch(table)
    model.connection.execute("UPDATE #{model.quoted_table_name} SET #{model.locking_column} = NULL WHERE id = #{Integer(id)}")
    {}
  end

  # As the gem with_advisory_lock computes it: two keys of 31 bits, the second a prefix that is not set.
  def advisory(name:, function:)
    key = Zlib.crc32(name) & 0x7fffffff
    { got: ActiveRecord::Base.connection.select_value("SELECT #{function}(#{key}, 0)") }
  end

  private

  def busy_timeout(milliseconds)
    connection = ActiveRecord::Base.connection
    connection.raw_connection.busy_timeout(milliseconds) if connection.adapter_name == "SQLite"
  end

  def row(record)
    { row: record.attributes.except("created_at", "updated_at") }
  end

  # Tells that it has come so far, and waits for a line.
  def yield_to_caller
    answer(event: "paused")
    $stdin.gets
  end
end

def answer(line)
  $stdout.puts(JSON.generate(line))
  $stdout.flush
end

peer = Peer.new
while (line = $stdin.gets)
  request = JSON.parse(line, symbolize_names: true)
  begin
    answer(peer.public_send(request.delete(:op), **request).merge(ok: true))
  rescue StandardError => error
    answer(ok: false, error: error.class.name, message: error.message)
  end
end
